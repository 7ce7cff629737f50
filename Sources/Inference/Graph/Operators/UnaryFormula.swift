internal import Models

/// A function of one number with a fraction, said once for all such types.
protocol UnaryFormula: Sendable {
  func apply<Number: GraphFloat>(_ x: Number) -> Number
}

/// A function of each element by itself.
struct UnaryOperator<Formula: UnaryFormula>: GraphOperator {
  let formula: Formula

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    return .tensors(
      try x.elementType.dispatch(UnaryWork(formula: formula, x: x, context: context)))
  }
}

private struct UnaryWork<Formula: UnaryFormula>: FloatVisitor {
  let formula: Formula
  let x: GraphTensor
  let context: GraphContext

  func visit<Number: GraphFloat>(_: Number.Type) throws -> GraphTensor {
    try context.map(x, Number.self) { formula.apply($0) }
  }
}
