internal import Synchronization

/// The calls whose key is not known, while it is read anew whether there is such a key by now.
///
/// Those of ids that no key has and of wrong secrets alike, so that the time does not tell which
/// keys exist. Their messages are kept meanwhile, so only a few may be here at a time; others are
/// refused as if there were nothing to look at.
final class SecondLooks: Sendable {
  static let bound = 16

  private let count = Atomic(0)
  private let freshen: @Sendable () async -> Void

  /// - Parameter freshen: returns when all keys that are in the store are known.
  init(_ freshen: @escaping @Sendable () async -> Void) { self.freshen = freshen }

  /// - Returns: nil where too many wait already.
  func place() -> Place? {
    guard count.add(1, ordering: .relaxed).newValue <= Self.bound else {
      count.subtract(1, ordering: .relaxed)
      return nil
    }
    return Place(self)
  }

  /// One call's place; given back at the latest when nobody holds it any more.
  final class Place: Sendable {
    private let looks: SecondLooks
    private let isLeft = Atomic(false)

    fileprivate init(_ looks: SecondLooks) { self.looks = looks }

    deinit { leave() }

    /// Returns when all keys are known that were in the store; the place is left then.
    func look() async {
      await looks.freshen()
      leave()
    }

    func leave() {
      guard !isLeft.exchange(true, ordering: .relaxed) else { return }
      looks.count.subtract(1, ordering: .relaxed)
    }
  }
}
