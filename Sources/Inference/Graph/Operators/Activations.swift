internal import Models

/// Activations: functions of one number with constants of the node.
enum GraphActivations {
  static let entries: [OperatorEntry] = [
    OperatorEntry("Sigmoid") { _, _ in UnaryOperator(formula: Sigmoid()) },
    OperatorEntry("Softplus") { _, _ in UnaryOperator(formula: Softplus()) },
    OperatorEntry("Softsign") { _, _ in UnaryOperator(formula: Softsign()) },
    OperatorEntry("HardSwish", versions: 14...28) { _, _ in
      UnaryOperator(formula: HardSwish())
    },
    OperatorEntry("Mish", versions: 18...28) { _, _ in UnaryOperator(formula: Mish()) },
    OperatorEntry("Elu") { node, _ in
      UnaryOperator(formula: Elu(alpha: Double(try node.float("alpha", default: 1)), scale: 1))
    },
    OperatorEntry("Selu") { node, _ in
      let alpha = try node.float("alpha", default: 1.673_263_192_176_818_8)
      let gamma = try node.float("gamma", default: 1.050_701_022_148_132_3)
      return UnaryOperator(formula: Elu(alpha: Double(alpha), scale: Double(gamma)))
    },
    OperatorEntry("Celu", versions: 12...28) { node, _ in
      UnaryOperator(formula: Celu(alpha: Double(try node.float("alpha", default: 1))))
    },
    OperatorEntry("LeakyRelu") { node, _ in
      UnaryOperator(formula: LeakyRelu(alpha: Double(try node.float("alpha", default: 0.01))))
    },
    OperatorEntry("ThresholdedRelu", versions: 10...28) { node, _ in
      UnaryOperator(formula: ThresholdedRelu(alpha: Double(try node.float("alpha", default: 1))))
    },
    OperatorEntry("HardSigmoid") { node, _ in
      UnaryOperator(
        formula: HardSigmoid(
          alpha: Double(try node.float("alpha", default: 0.2)),
          beta: Double(try node.float("beta", default: 0.5))))
    },
    OperatorEntry("Shrink") { node, _ in
      UnaryOperator(
        formula: Shrink(
          bias: Double(try node.float("bias", default: 0)),
          limit: Double(try node.float("lambd", default: 0.5))))
    },
    OperatorEntry("Gelu", versions: 20...28) { node, _ in try gelu(node) },
    .microsoft("Gelu") { _, _ in UnaryOperator(formula: Gelu()) },
    .microsoft("FastGelu") { _, _ in FastGelu() },
    .microsoft("QuickGelu") { node, _ in
      UnaryOperator(formula: Swish(alpha: Double(try node.float("alpha", default: 1.702))))
    },
    OperatorEntry("Swish", versions: 24...28) { node, _ in
      UnaryOperator(formula: Swish(alpha: Double(try node.float("alpha", default: 1))))
    },
  ]

  private static func gelu(_ node: ONNXNode) throws -> any GraphOperator {
    switch try node.text("approximate", default: "none") {
    case "none": UnaryOperator(formula: Gelu())
    case "tanh": UnaryOperator(formula: TanhGelu())
    case let other: throw node.problem(.unsupported, "the approximation \(other)")
    }
  }

  struct Sigmoid: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number { 1 / (1 + .exp(-x)) }
  }

  private struct Softplus: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number {
      x > 0 ? x + .log(1 + .exp(-x)) : .log(1 + .exp(x))
    }
  }

  private struct Softsign: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number { x / (1 + abs(x)) }
  }

  private struct HardSwish: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number { x * max(0, min(1, x / 6 + 0.5)) }
  }

  private struct Mish: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number { x * .tanh(Softplus().apply(x)) }
  }

  private struct Elu: UnaryFormula {
    let alpha: Double
    let scale: Double
    func apply<Number: GraphFloat>(_ x: Number) -> Number {
      Number(scale) * (x < 0 ? Number(alpha) * (.exp(x) - 1) : x)
    }
  }

  private struct Celu: UnaryFormula {
    let alpha: Double
    func apply<Number: GraphFloat>(_ x: Number) -> Number {
      let alpha = Number(alpha)
      return max(0, x) + min(0, alpha * (.exp(x / alpha) - 1))
    }
  }

  struct LeakyRelu: UnaryFormula {
    let alpha: Double
    func apply<Number: GraphFloat>(_ x: Number) -> Number { x < 0 ? Number(alpha) * x : x }
  }

  private struct ThresholdedRelu: UnaryFormula {
    let alpha: Double
    func apply<Number: GraphFloat>(_ x: Number) -> Number { x > Number(alpha) ? x : 0 }
  }

  private struct HardSigmoid: UnaryFormula {
    let alpha: Double
    let beta: Double
    func apply<Number: GraphFloat>(_ x: Number) -> Number {
      max(0, min(1, Number(alpha) * x + Number(beta)))
    }
  }

  private struct Shrink: UnaryFormula {
    let bias: Double
    let limit: Double
    func apply<Number: GraphFloat>(_ x: Number) -> Number {
      x < -Number(limit) ? x + Number(bias) : x > Number(limit) ? x - Number(bias) : 0
    }
  }

  private struct Gelu: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number {
      x / 2 * (1 + .erf(x * Number(0.5.squareRoot())))
    }
  }

  struct TanhGelu: UnaryFormula {
    func apply<Number: GraphFloat>(_ x: Number) -> Number {
      let inner = Number(0.797_884_560_802_865_4) * (x + Number(0.044_715) * x * x * x)
      return x / 2 * (1 + .tanh(inner))
    }
  }

  private struct Swish: UnaryFormula {
    let alpha: Double
    func apply<Number: GraphFloat>(_ x: Number) -> Number { x / (1 + .exp(-Number(alpha) * x)) }
  }
}
