internal import Glibc
internal import Models

/// Functions of one number: those of a mathematics library.
enum MathFunctions {
  static let entries: [OperatorEntry] =
    rare.map { name, function in
      OperatorEntry(name) { _, _ in UnaryOperator(formula: Rare(function: function)) }
    } + [
      OperatorEntry("Exp") { _, _ in UnaryOperator(formula: Exp()) },
      OperatorEntry("Log") { _, _ in UnaryOperator(formula: Log()) },
      OperatorEntry("Sqrt") { _, _ in UnaryOperator(formula: Sqrt()) },
      OperatorEntry("Tanh") { _, _ in UnaryOperator(formula: Tanh()) },
      OperatorEntry("Erf") { _, _ in UnaryOperator(formula: Erf()) },
      OperatorEntry("Reciprocal") { _, _ in UnaryOperator(formula: Reciprocal()) },
      OperatorEntry("Floor") { _, _ in UnaryOperator(formula: Rounding(rule: .down)) },
      OperatorEntry("Ceil") { _, _ in UnaryOperator(formula: Rounding(rule: .up)) },
      OperatorEntry("Round", versions: 11...28) { _, _ in
        UnaryOperator(formula: Rounding(rule: .toNearestOrEven))
      },
    ]

  private static let rare: [(String, @Sendable (Double) -> Double)] = [
    ("Sin", { sin($0) }), ("Cos", { cos($0) }), ("Tan", { tan($0) }),
    ("Asin", { asin($0) }), ("Acos", { acos($0) }), ("Atan", { atan($0) }),
    ("Sinh", { sinh($0) }), ("Cosh", { cosh($0) }),
    ("Asinh", { asinh($0) }), ("Acosh", { acosh($0) }), ("Atanh", { atanh($0) }),
  ]

  private struct Rare: UnaryFormula {
    let function: @Sendable (Double) -> Double
    func apply<Number: GraphFloat>(_ x: Number) -> Number { Number(function(Double(x))) }
  }

  private struct Exp: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number { .exp(x) }
  }

  private struct Log: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number { .log(x) }
  }

  private struct Sqrt: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number { x.squareRoot() }
  }

  private struct Tanh: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number { .tanh(x) }
  }

  private struct Erf: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number { .erf(x) }
  }

  private struct Reciprocal: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number { 1 / x }
  }

  private struct Rounding: UnaryFormula {
    let rule: FloatingPointRoundingRule
    func apply<Number: GraphFloat>(_ x: Number) -> Number { x.rounded(rule) }
  }
}
