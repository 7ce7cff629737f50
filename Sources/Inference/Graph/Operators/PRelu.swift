internal import Models

/// x, or x times a slope where it is negative; the slope is stretched to x.
struct PRelu: GraphOperator {
  static let entries = [OperatorEntry("PRelu") { _, _ in PRelu() }]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let slope = try inputs.tensor(1, x.elementType)
    return .tensors(try x.elementType.dispatch(Work(x: x, slope: slope, context: context)))
  }

  private struct Work: NumberVisitor {
    let x: GraphTensor
    let slope: GraphTensor
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      try context.zip(x, N.self, slope, N.self, as: x.elementType) { a, b -> N in
        a < .zero ? .product(a, b) : a
      }
    }
  }
}
