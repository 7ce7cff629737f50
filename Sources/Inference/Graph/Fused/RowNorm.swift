internal import Compute
internal import Models

/// Layer normalization of rows along the last dimension with constant scale and bias.
struct RowNorm: GraphOperator {
  let processor: Processor
  let scale: [Float]
  let bias: [Float]
  let epsilon: Float

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    if let width = inputs[0].shape?.last { _ = try width.merged(with: .fixed(scale.count)) }
    return [GraphFact(.float, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0, .float)
    guard x.shape.last == scale.count else {
      throw GraphError("rows of the shape \(x.shape) for \(scale.count) scales")
    }
    let result = try context.unwritten(x.shape)
    var work = context.watch.work
    try work.pieces(0..<x.count / scale.count, cost: scale.count) { rows in
      processor.layerNorm(
        x.rows(rows, of: scale.count), weight: scale, bias: bias, epsilon: epsilon,
        into: result.rows(rows, of: scale.count))
    }
    return .tensors(result)
  }
}
