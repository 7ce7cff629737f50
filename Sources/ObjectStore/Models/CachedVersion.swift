/// A version whose files are on this machine.
package struct CachedVersion: Sendable, Equatable {
  package let model: String
  package let number: Int
  /// Of all files, in bytes.
  package let size: Int
  package let fingerprint: String
  /// When it was fetched or used, in microseconds since 1970.
  package var used: Int

  package init(model: String, number: Int, size: Int, fingerprint: String, used: Int) {
    self.model = model
    self.number = number
    self.size = size
    self.fingerprint = fingerprint
    self.used = used
  }
}

/// What has to go from a bounded cache before something can come. Pure.
package enum CacheBound {
  /// The versions to remove, those that were not used for longest first.
  ///
  /// - Parameters:
  ///   - needed: bytes that are to come.
  ///   - isInUse: versions that have to stay.
  /// - Returns: nil where it cannot fit, whatever goes.
  package static func victims(
    _ cached: [CachedVersion], needed: Int, bound: Int, isInUse: (CachedVersion) -> Bool
  ) -> [CachedVersion]? {
    var total = cached.reduce(needed) { $0 + $1.size }
    var victims: [CachedVersion] = []
    let idle = cached.filter { !isInUse($0) }.sorted {
      ($0.used, $0.model, $0.number) < ($1.used, $1.model, $1.number)
    }
    for version in idle where total > bound {
      victims.append(version)
      total -= version.size
    }
    return total <= bound ? victims : nil
  }
}
