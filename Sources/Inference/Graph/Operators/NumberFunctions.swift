internal import Models

/// Functions of one number of any type.
struct NumberFunction: GraphOperator {
  enum Kind { case abs, neg, sign, relu, identity }
  let kind: Kind

  static let entries: [OperatorEntry] = [
    OperatorEntry("Abs") { _, _ in NumberFunction(kind: .abs) },
    OperatorEntry("Neg") { _, _ in NumberFunction(kind: .neg) },
    OperatorEntry("Sign") { _, _ in NumberFunction(kind: .sign) },
    OperatorEntry("Relu") { _, _ in NumberFunction(kind: .relu) },
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    return .tensors(try x.elementType.dispatch(Work(kind: kind, x: x, context: context)))
  }

  private struct Work: NumberVisitor {
    let kind: Kind
    let x: GraphTensor
    let context: GraphContext

    func visit<Number: GraphNumber>(_: Number.Type) throws -> GraphTensor {
      let zero = Number.zero
      switch kind {
      case .identity: return x
      case .relu: return try context.map(x, Number.self) { $0 < zero ? zero : $0 }
      case .neg: return try context.map(x, Number.self) { Self.negated($0) }
      case .abs:
        return try context.map(x, Number.self) {
          $0 < zero ? Self.negated($0) : $0 == zero ? zero : $0
        }
      case .sign:
        let minus = Number(int64: -1)
        return try context.map(x, Number.self) { $0 < zero ? minus : $0 > zero ? .one : $0 }
      }
    }

    @inline(__always)
    private static func negated<Number: GraphNumber>(_ x: Number) -> Number {
      // Of floats, so that 0 becomes -0.
      Number.isInteger ? .difference(.zero, x) : .product(Number(int64: -1), x)
    }
  }
}
