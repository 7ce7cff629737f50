internal import Models

/// Constants of bytes that no operator takes as bytes become floats once, not at each run; of
/// tables the rows that are asked for, as all of them would be four times the memory.
struct DequantizedConstants: GraphFusion {
  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    for index in sketch.steps.indices {
      guard let step = sketch.steps[index], let operation = step.operation as? DequantizeLinear,
        let tensor = sketch.constant(step.reads[0])
      else { continue }
      for reader in sketch.readers(of: step.writes[0]) {
        lookUp(operation, step, tensor, reader, &sketch)
      }
      if sketch.isRead(step.writes[0]) { sketch.dequantize(step) }
    }
  }

  private static func lookUp(
    _ operation: DequantizeLinear, _ step: GraphSketch.Step, _ tensor: GraphTensor, _ reader: Int,
    _ sketch: inout GraphSketch
  ) {
    guard let user = sketch.steps[reader], let gather = user.operation as? Gather,
      user.reads[0] == step.writes[0], user.reads[1] != step.writes[0], operation.block == 0,
      sketch.constant(step.reads[1])?.count == 1, tensor.rank > 0
    else { return }
    let rows = DequantizedRows(gather: gather, dequantize: operation)
    sketch.replace(
      [reader],
      by: user.fused(
        "DequantizedRows", rows, reads: [step.reads[0], user.reads[1]] + step.reads.dropFirst(),
        writes: user.writes))
  }
}

/// The same of single numbers, before anything asks what is done by them.
struct DequantizedScalars: GraphFusion {
  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    for case let step? in sketch.steps where step.operation is DequantizeLinear {
      if sketch.constant(step.reads[0])?.count == 1 { sketch.dequantize(step) }
    }
  }
}

extension GraphSketch {
  /// Makes a constant of what a step computes of constants. What takes more than they may stays as
  /// it is.
  fileprivate mutating func dequantize(_ step: Step) {
    let constants = step.reads.map { $0.isEmpty ? nil : facts[$0]?.constant }
    // What is left out is no constant, and what is no constant is not left out.
    guard !isOutput(step.writes[0]),
      zip(step.reads, constants).allSatisfy({ $0.isEmpty || $1 != nil }),
      let values = try? folding.values(of: step.operation, GraphInputs(constants)),
      let value = values.first
    else { return }
    facts[step.writes[0]] = GraphFact(constant: value)
  }
}

/// Rows of a table of bytes, which one scale makes floats of. Reads the table and the places, then
/// the scale and the zero point.
struct DequantizedRows: GraphOperator {
  let gather: Gather
  let dequantize: DequantizeLinear

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    try gather.infer(inputs).map { GraphFact(.float, $0.shape) }
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let rows = try gather.compute(
      GraphInputs([.tensor(try inputs.tensor(0)), .tensor(try inputs.tensor(1))]), context)
    let grid = try [inputs.tensor(2), inputs.optional(3)].map { $0.map(GraphValue.tensor) }
    return try dequantize.compute(GraphInputs(rows + grid), context)
  }
}
