/// The tests of Jinja (`a is defined`) that chat templates use, by their names.
enum ValueTest: String, CaseIterable, Sendable {
  case boolean, callable, defined, divisibleby, eq, even, `false`, float, ge, gt, integer, iterable
  case le, lower, lt, mapping, ne, none, number, odd, sequence, string, `true`, undefined, upper
  case isIn = "in"

  private static let synonyms: [String: ValueTest] = [
    "equalto": .eq, "==": .eq, "!=": .ne, "lessthan": .lt, "<": .lt, "<=": .le,
    "greaterthan": .gt, ">": .gt, ">=": .ge,
  ]

  init?(name: String) {
    guard let test = ValueTest(rawValue: name) ?? ValueTest.synonyms[name] else { return nil }
    self = test
  }

  static let allowed = allCases.map(\.rawValue).sorted().joined(separator: ", ")

  /// The comparison that a test with one operand stands for.
  var comparison: Comparison? {
    switch self {
    case .eq: .equal
    case .ne: .unequal
    case .lt: .less
    case .le: .atMost
    case .gt: .greater
    case .ge: .atLeast
    case .isIn: .isIn
    default: nil
    }
  }
}
