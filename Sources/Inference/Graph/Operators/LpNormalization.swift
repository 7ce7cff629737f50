internal import Models

/// Each run along an axis divided by its length of order 1 or 2.
struct LpNormalization: GraphOperator {
  let axis: Int
  let order: Int

  static let entries = [
    OperatorEntry("LpNormalization") { node, _ in
      let order = try node.int("p", default: 2)
      guard order == 1 || order == 2 else { throw node.problem(.malformed, "p is \(order)") }
      return LpNormalization(
        axis: Int(clamping: try node.int("axis", default: -1)), order: Int(order))
    }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    return .tensors(try x.elementType.dispatch(Work(rule: self, x: x, context: context)))
  }

  private struct Work: FloatVisitor {
    let rule: LpNormalization
    let x: GraphTensor
    let context: GraphContext

    func visit<N: GraphFloat>(_: N.Type) throws -> GraphTensor {
      let axis = try Axes.normalized(rule.axis, rank: x.rank)
      let (size, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
      let (from, to) = (x.values(N.self), try context.new(N.self, x.shape))
      guard size > 0 else { return to.tensor }
      var work = context.watch.work
      for run in 0..<from.count / size {
        let start = run / inner * size * inner + run % inner
        var sum: N = 0
        try work.pieces(0..<size) { piece in
          for index in piece {
            let value = from[start + index * inner]
            sum += rule.order == 1 ? abs(value) : value * value
          }
        }
        let length = rule.order == 1 ? sum : sum.squareRoot()
        try work.pieces(0..<size) { piece in
          for index in piece {
            let at = start + index * inner
            to[at] = length == 0 ? 0 : from[at] / length
          }
        }
      }
      return to.tensor
    }
  }
}
