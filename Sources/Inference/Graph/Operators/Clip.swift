internal import Models

/// Numbers held between two bounds; those are attributes before version 11, then inputs.
struct Clip: GraphOperator {
  let lowest: Float?
  let highest: Float?

  static let entries = [
    OperatorEntry("Clip") { node, _ in
      let isOld = node.version < 11
      return Clip(
        lowest: isOld ? try node.float("min") : nil, highest: isOld ? try node.float("max") : nil)
    }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let low = try inputs.optional(1)?.checked(x.elementType, "the lowest value")
    let high = try inputs.optional(2)?.checked(x.elementType, "the highest value")
    for bound in [low, high] where bound.map({ $0.count != 1 }) ?? false {
      throw GraphError("a bound must be one number")
    }
    return .tensors(
      try x.elementType.dispatch(
        Work(clip: self, x: x, low: low, high: high, context: context)))
  }

  private struct Work: NumberVisitor {
    let clip: Clip
    let x: GraphTensor
    let low: GraphTensor?
    let high: GraphTensor?
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      let low = self.low?.values(N.self)[0] ?? clip.lowest.map { N(double: Double($0)) } ?? .lowest
      let high =
        self.high?.values(N.self)[0] ?? clip.highest.map { N(double: Double($0)) } ?? .highest
      return try context.map(x, N.self) {
        let raised = $0 < low ? low : $0
        return raised > high ? high : raised
      }
    }
  }
}
