internal import Models

/// Weights of bytes that nothing takes as bytes become floats, where the fusions of floats find
/// them: those of a product at the end of a network, whose answers stay floats.
struct WeightFusion: GraphFusion {
  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    for case let step? in sketch.steps where step.operation is DequantizeLinear {
      let constants = step.reads.map { $0.isEmpty ? nil : sketch.facts[$0]?.constant }
      guard zip(step.reads, constants).allSatisfy({ $0.isEmpty || $1 != nil }),
        let value = try? GraphPlan.compute(
          step.operation, GraphInputs(constants), sketch.context
        ).first
      else { continue }
      sketch.facts[step.writes[0]] = GraphFact(constant: value)
    }
  }
}
