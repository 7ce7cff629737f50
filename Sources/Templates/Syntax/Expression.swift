/// An expression as it was written, with the height of its tree: what bounds the recursion of
/// whatever walks it.
struct Expression: Sendable {
  indirect enum Kind: Sendable {
    case literal(Literal)
    case name(String)
    case list([Expression], isTuple: Bool)
    case mapping([(key: Expression, value: Expression)])
    case unary(UnaryOperator, Expression)
    case binary(BinaryOperator, Expression, Expression)
    /// `a ~ b ~ c`
    case concatenation([Expression])
    /// `a < b <= c`: each operand is compared with the one before it.
    case comparison(Expression, [(Comparison, Expression)])
    /// `a if condition else b`
    case conditional(condition: Expression, then: Expression, otherwise: Expression?)
    /// `a.name`
    case attribute(Expression, String)
    /// `a[b]`
    case item(Expression, Expression)
    /// `a[start:end:step]`
    case slice(Expression, start: Expression?, end: Expression?, step: Expression?)
    case call(Expression, Arguments)
    /// `a | name(…)`; what is filtered is nil where it is the output of a block.
    case filter(Filter, Expression?, Arguments)
    /// `a is name(…)`
    case test(ValueTest, Expression, Arguments)
  }

  let kind: Kind
  let line: Int
  let height: Int
}

enum Literal: Sendable {
  case none
  case boolean(Bool)
  case integer(Int)
  case real(Double)
  case text(Text)
}

enum UnaryOperator: Sendable { case not, minus, plus }

enum BinaryOperator: String, Sendable {
  case and, or
  case plus = "+"
  case minus = "-"
  case times = "*"
  case division = "/"
  case wholeDivision = "//"
  case modulo = "%"
}

enum Comparison: String, Sendable {
  case equal = "=="
  case unequal = "!="
  case less = "<"
  case atMost = "<="
  case greater = ">"
  case atLeast = ">="
  case isIn = "in"
  case isNotIn = "not in"
}

/// What stands between the parentheses of a call.
struct Arguments: Sendable {
  var positional: [Expression] = []
  var named: [(name: String, value: Expression)] = []
}
