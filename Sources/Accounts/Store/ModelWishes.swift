/// What operators want of a model, until they want something else.
package struct ModelWishes: Sendable, Equatable {
  /// Where a label points, and its share of the calls that name no version.
  package struct Label: Sendable, Equatable {
    package var version: Int
    package var share: Double

    package init(version: Int, share: Double) {
      self.version = version
      self.share = share
    }
  }

  package var labels: [String: Label] = [:]
  /// Versions that are to answer however old they are.
  package var pinned: Set<Int> = []
  /// Versions that are to stay out however new they are.
  package var heldOut: Set<Int> = []

  package init() {}

  package var isEmpty: Bool { labels.isEmpty && pinned.isEmpty && heldOut.isEmpty }

  /// Forgets what was wanted of versions.
  package mutating func forget(_ versions: Set<Int>) {
    labels = labels.filter { !versions.contains($0.value.version) }
    pinned.subtract(versions)
    heldOut.subtract(versions)
  }
}

/// Where wishes outlive the process. Calls block, as those of `Store`.
package protocol WishStore: Sendable {
  /// By model.
  func wishes() throws(StoreError) -> [String: ModelWishes]

  /// Puts a model's wishes in the place of those it had.
  func keep(_ wishes: ModelWishes, of model: String) throws(StoreError)
}
