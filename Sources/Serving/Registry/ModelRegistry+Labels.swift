internal import Accounts
internal import Messages

extension ModelRegistry.Label {
  /// Labels of one model at most.
  static let bound = 32
  /// Shares of one model together at most: all calls, and what adding in binary may leave behind.
  static let shareBound = 1.000_000_1

  /// A share, or several together, without what adding them in binary has left behind.
  static func text(ofShare share: Double) -> String { "\((share * 1e9).rounded() / 1e9)" }
}

extension ModelRegistry.Model {
  /// Whether a label may stand beside the others, with that share of the calls.
  ///
  /// - Throws: INVALID_ARGUMENT with what is left.
  func checkRoom(for label: String, share: Double) throws(Status) {
    let others = labels.filter { $0.key != label }
    let taken = others.values.map(\.share).reduce(0, +)
    guard taken + share <= ModelRegistry.Label.shareBound else {
      let used = ModelRegistry.Label.text(ofShare: taken)
      let left = ModelRegistry.Label.text(ofShare: max(0, 1 - taken))
      throw Validation.invalid(
        "share", "the other labels of \(name) take \(used) of the calls; \(left) are left")
    }
    guard others.count < ModelRegistry.Label.bound else {
      throw Validation.invalid(
        "label", "\(name) has \(ModelRegistry.Label.bound) labels already; take one away")
    }
  }

  /// Whether somebody wants a version out, and no order that came later needs it.
  func isHeldOut(_ number: Int) -> Bool {
    wishes.heldOut.contains(number) && !held.contains(number)
  }

  /// Somebody wants versions out, whoever kept them before.
  mutating func holdOut(_ numbers: Set<Int>) {
    wishes.heldOut.formUnion(numbers)
    held.drop(numbers)
  }
}
