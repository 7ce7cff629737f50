internal import Models

/// Powers; base and exponent may be of different types, and the answer is the base's.
struct Pow: GraphOperator {
  static let entries = [OperatorEntry("Pow") { _, _ in Pow() }]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [try GraphFact.stretched(inputs, type: inputs[0].type)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let (x, y) = (try inputs.tensor(0), try inputs.tensor(1))
    let isWhole = !x.elementType.isFloat && !y.elementType.isFloat
    return .tensors(
      isWhole
        ? try x.elementType.dispatch(
          Whole(x: x, y: try y.converted(to: .int64, context), context: context))
        : try x.elementType.dispatch(
          Work(x: x, y: try y.converted(to: .double, context), context: context)))
  }

  private struct Work: NumberVisitor {
    let x: GraphTensor
    let y: GraphTensor
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      try context.zip(x, N.self, y, Double.self, as: x.elementType) { a, b -> N in
        b == 2 ? .product(a, a) : N(double: Double.pow(a.double, b))
      }
    }
  }

  private struct Whole: NumberVisitor {
    let x: GraphTensor
    let y: GraphTensor
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      try context.zip(x, N.self, y, Int64.self, as: x.elementType) { a, b -> N in
        if b < 0 { return N(double: Double.pow(a.double, Double(b))) }
        var (result, square, rest) = (N.one, a, b)
        while rest > 0 {
          if rest & 1 == 1 { result = .product(result, square) }
          square = .product(square, square)
          rest >>= 1
        }
        return result
      }
    }
  }
}
