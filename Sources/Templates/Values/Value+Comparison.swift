extension Value {
  /// Python's `==`. Values of two kinds are unequal, but numbers and booleans are all numbers.
  func equals(_ other: Value, _ cost: inout ComparisonCost) -> Bool {
    guard cost.spend(2) else { return false }
    return switch (self, other) {
    case (.undefined, .undefined), (.none, .none): true
    case (.text(let left), .text(let right)):
      left.count == right.count && cost.spend(left.count) && left == right
    case (.list(let left), .list(let right)):
      left.isTuple == right.isTuple && left.items.count == right.items.count
        && zip(left.items, right.items).allSatisfy { $0.equals($1, &cost) }
    case (.mapping(let left), .mapping(let right)):
      left.entries.count == right.entries.count
        && left.entries.allSatisfy { entry in
          right.value(of: entry.key, &cost)?.equals(entry.value, &cost) ?? false
        }
    case (.namespace(let left), .namespace(let right)): left === right
    default:
      if let left = integer, let right = other.integer {
        left == right
      } else if let left = real, let right = other.real {
        left == right
      } else {
        false
      }
    }
  }

  /// Python's `<` on numbers and on strings; nil for what has no order.
  func isLess(than other: Value) -> Bool? {
    if case .text(let left) = self, case .text(let right) = other {
      return left.letters.lexicographicallyPrecedes(right.letters)
    }
    if let left = integer, let right = other.integer { return left < right }
    if let left = real, let right = other.real { return left < right }
    return nil
  }
}
