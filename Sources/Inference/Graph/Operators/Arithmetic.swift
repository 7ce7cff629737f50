internal import Models

/// Sums, products and their like of tensors stretched to each other.
struct Arithmetic: GraphOperator {
  enum Kind: Sendable { case add, sub, mul, div, max, min, mean, mod, floatMod }
  let kind: Kind

  static let entries: [OperatorEntry] = [
    OperatorEntry("Add") { _, _ in Arithmetic(kind: .add) },
    OperatorEntry("Sub") { _, _ in Arithmetic(kind: .sub) },
    OperatorEntry("Mul") { _, _ in Arithmetic(kind: .mul) },
    OperatorEntry("Div") { _, _ in Arithmetic(kind: .div) },
    OperatorEntry("Max") { _, _ in Arithmetic(kind: .max) },
    OperatorEntry("Min") { _, _ in Arithmetic(kind: .min) },
    OperatorEntry("Sum") { _, _ in Arithmetic(kind: .add) },
    OperatorEntry("Mean") { _, _ in Arithmetic(kind: .mean) },
    OperatorEntry("Mod", versions: 10...28) { node, _ in
      Arithmetic(kind: try node.flag("fmod", default: false) ? .floatMod : .mod)
    },
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [try GraphFact.stretched(inputs, type: inputs[0].type)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    var result = try inputs.tensor(0)
    for index in 1..<Swift.max(1, inputs.count) {
      let next = try inputs.tensor(index).checked(result.elementType, "input \(index)")
      result = try result.elementType.dispatch(
        Work(kind: kind, a: result, b: next, context: context))
    }
    if kind == .mean {
      result = try result.elementType.dispatch(
        Divide(x: result, by: inputs.count, context: context))
    }
    return .tensors(result)
  }

  private struct Work: NumberVisitor {
    let kind: Kind
    let a: GraphTensor
    let b: GraphTensor
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      switch kind {
      case .add, .mean: try pairs(N.self) { .sum($0, $1) }
      case .sub: try pairs(N.self) { .difference($0, $1) }
      case .mul: try pairs(N.self) { .product($0, $1) }
      case .div: try divided(N.self) { .quotient($0, $1) }
      // What is not a number stays so.
      case .max: try pairs(N.self) { $0 > $1 || $0 != $0 ? $0 : $1 }
      case .min: try pairs(N.self) { $0 < $1 || $0 != $0 ? $0 : $1 }
      case .mod: try divided(N.self) { Arithmetic.modulo($0, $1) }
      case .floatMod: try divided(N.self) { Arithmetic.remainder($0, $1) }
      }
    }

    /// Floats have an answer to a division by 0.
    @inline(__always)
    private func divided<N: GraphNumber>(_: N.Type, _ body: (N, N) -> N) throws -> GraphTensor {
      if N.isInteger, a.count > 0 {
        let divisors = b.values(N.self)
        var work = context.watch.work
        try work.pieces(0..<divisors.count) { piece in
          for index in piece where divisors[index] == .zero {
            throw GraphError("a whole number is divided by 0")
          }
        }
      }
      return try pairs(N.self, body)
    }

    @inline(__always)
    private func pairs<N: GraphNumber>(_: N.Type, _ body: (N, N) -> N) throws -> GraphTensor {
      try context.zip(a, N.self, b, N.self, as: a.elementType, body)
    }
  }

  private struct Divide: NumberVisitor {
    let x: GraphTensor
    let by: Int
    let context: GraphContext
    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      let divisor = N(int64: Int64(by))
      return try context.map(x, N.self) { N.quotient($0, divisor) }
    }
  }

  /// With the sign of the dividend, as in C.
  static func remainder<N: GraphNumber>(_ a: N, _ b: N) -> N {
    if N.isInteger { return .difference(a, .product(.quotient(a, b), b)) }
    return N(double: a.double.truncatingRemainder(dividingBy: b.double))
  }

  /// With the sign of the divisor, as in Python.
  static func modulo<N: GraphNumber>(_ a: N, _ b: N) -> N {
    let rest = remainder(a, b)
    return rest != .zero && (rest < .zero) != (b < .zero) ? .sum(rest, b) : rest
  }
}

extension GraphFact {
  /// All inputs stretched to each other.
  static func stretched(_ inputs: GraphFacts, type: ONNXElementType?) throws -> GraphFact {
    var shape: [ONNXDimension]? = []
    for index in inputs.inputs.indices where inputs.has(index) {
      guard let next = inputs[index].shape, let sofar = shape else { return GraphFact(type) }
      shape = try sofar.stretched(to: next)
    }
    return GraphFact(type, shape)
  }
}
