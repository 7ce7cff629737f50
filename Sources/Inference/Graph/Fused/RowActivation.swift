internal import Compute
internal import Models

/// An activation that a graph spells out in several nodes, or whose own formula is slow.
struct RowActivation: GraphOperator {
  let processor: Processor
  let function: Processor.Activation

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(.float, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0, .float)
    let result = try context.unwritten(x.shape)
    guard x.count > 0 else { return .tensors(result) }
    // Rows are only what threads share.
    let width = x.shape.last.flatMap { $0 > 0 && $0 <= 65536 ? $0 : nil } ?? 1
    var work = context.watch.work
    try work.pieces(0..<x.count / width, cost: width) { rows in
      processor.activate(x.rows(rows, of: width), function, into: result.rows(rows, of: width))
    }
    return .tensors(result)
  }
}
