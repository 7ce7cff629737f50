internal import Glibc

/// The variables that are meant for Apus.
package enum Environment {
  static let prefix = "APUS_"
  /// The file that `--config` names otherwise.
  package static let file = "APUS_CONFIG"
  /// What other parts of Apus read: the file's name, a client's key, the kernels.
  static let others = [file, "APUS_KEY", "APUS_CPU"]

  /// Those of this process. To be called before another thread could change them.
  package static func current() -> [String: String] {
    var found: [String: String] = [:]
    var next = unsafe environ
    while let entry = unsafe next.pointee {
      unsafe next += 1
      guard unsafe strncmp(entry, prefix, prefix.utf8.count) == 0 else { continue }
      let parts = unsafe String(cString: entry).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      // An empty one is as good as none: that is how compose files leave one out.
      if parts.count == 2, !parts[1].isEmpty { found[String(parts[0])] = String(parts[1]) }
    }
    return found
  }
}
