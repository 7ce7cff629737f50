internal import Models

/// Numbers from a start to a limit, which is left out, by a step.
struct NumberRange: GraphOperator {
  static let entries = [OperatorEntry("Range", versions: 11...28) { _, _ in NumberRange() }]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, [.unknown])]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let start = try inputs.tensor(0)
    let (limit, step) = (
      try inputs.tensor(1, start.elementType), try inputs.tensor(2, start.elementType)
    )
    guard start.count == 1, limit.count == 1, step.count == 1 else {
      throw GraphError("start, limit and step must be one number each")
    }
    return .tensors(
      try start.elementType.dispatch(
        Work(start: start, limit: limit, step: step, context: context)))
  }

  private struct Work: NumberVisitor {
    let start: GraphTensor
    let limit: GraphTensor
    let step: GraphTensor
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      let (first, end, step) = (
        start.values(N.self)[0], limit.values(N.self)[0], self.step.values(N.self)[0]
      )
      guard step != .zero else { throw GraphError("the step is 0") }
      let count = ((end.double - first.double) / step.double).rounded(.up)
      guard count.isFinite else {
        throw GraphError("no numbers go from \(first) to \(end) by \(step)")
      }
      guard count <= Double(context.budget.elementLimit) else {
        throw GraphError(
          "from \(first) to \(end) by \(step) there are more numbers than the limit of "
            + "\(context.budget.elementLimit)")
      }
      return try context.tensor(N.type, [Int(max(0, count))]) {
        N.sum(first, .product(N(int64: Int64($0)), step))
      }
    }
  }
}
