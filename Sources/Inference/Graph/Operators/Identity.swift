internal import Models

/// The input itself. Dropout is that too: nothing is trained here.
struct Identity: GraphOperator {
  static let entries: [OperatorEntry] = [
    OperatorEntry("Identity") { _, _ in Identity() }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    [try inputs.value(0)]
  }
}

/// Its second output tells which elements were kept: all.
struct Dropout: GraphOperator {
  static let entries: [OperatorEntry] = [OperatorEntry("Dropout") { _, _ in Dropout() }]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape), GraphFact(.bool, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let isTraining = try inputs.truth(2) ?? false
    let ratio = try inputs.optional(1)?.doubles(context).first ?? 0.5
    guard !isTraining || ratio == 0 else {
      throw GraphError.unsupported("training is not supported")
    }
    return .tensors(x, try context.tensor(.bool, x.shape) { _ in UInt8(1) })
  }
}
