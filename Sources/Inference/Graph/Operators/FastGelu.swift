internal import Models

/// GELU by tanh, of a tensor with a bias.
struct FastGelu: GraphOperator {
  private let activation = UnaryOperator(formula: GraphActivations.TanhGelu())
  private let sum = Arithmetic(kind: .add)

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    inputs.has(1) ? try sum.infer(inputs) : try activation.infer(inputs)
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    guard try inputs.optional(1) != nil else { return try activation.compute(inputs, context) }
    return try activation.compute(GraphInputs(sum.compute(inputs, context)), context)
  }
}
