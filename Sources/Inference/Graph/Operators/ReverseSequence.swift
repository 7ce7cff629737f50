internal import Models

/// The first elements of each sequence of a batch in reverse, as many as an input says.
struct ReverseSequence: GraphOperator {
  let batchAxis: Int
  let timeAxis: Int

  static let entries = [
    OperatorEntry("ReverseSequence", versions: 10...28) { node, _ in
      let axes = (try node.int("batch_axis", default: 1), try node.int("time_axis", default: 0))
      guard axes == (0, 1) || axes == (1, 0) else {
        throw node.problem(.malformed, "batch_axis and time_axis must be 0 and 1")
      }
      return ReverseSequence(batchAxis: Int(axes.0), timeAxis: Int(axes.1))
    }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let lengths = try inputs.tensor(1).ints()
    guard x.rank >= 2, lengths.count == x.shape[batchAxis],
      lengths.allSatisfy({ $0 >= 0 && $0 <= x.shape[timeAxis] })
    else { throw GraphError("the lengths do not fit the shape \(x.shape)") }
    let (columns, inner) = (x.shape[1], x.shape[2...].product)
    return .tensors(
      try x.picked(x.shape, of: inner, context) { slice in
        let (row, column) = slice.quotientAndRemainder(dividingBy: columns)
        let (batch, time) = batchAxis == 0 ? (row, column) : (column, row)
        let from = time < lengths[batch] ? lengths[batch] - 1 - time : time
        return (batchAxis == 0 ? batch * columns + from : from * columns + batch) * inner
      })
  }
}
