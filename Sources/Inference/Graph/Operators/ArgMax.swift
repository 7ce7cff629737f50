internal import Models

/// Where along an axis the largest or smallest number lies: the first such place, or the last.
struct ArgMax: GraphOperator {
  let axis: Int
  let keepsDimensions: Bool
  let takesLast: Bool
  let isSmallest: Bool

  static let entries: [OperatorEntry] = [("ArgMax", false), ("ArgMin", true)].map { name, small in
    OperatorEntry(name) { node, _ in
      ArgMax(
        axis: Int(clamping: try node.int("axis", default: 0)),
        keepsDimensions: try node.flag("keepdims", default: true),
        takesLast: try node.flag("select_last_index", default: false), isSmallest: small)
    }
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard var shape = inputs[0].shape else { return [GraphFact(.int64)] }
    let axis = try Axes.normalized(self.axis, rank: shape.count)
    if keepsDimensions { shape[axis] = .fixed(1) } else { shape.remove(at: axis) }
    return [GraphFact(.int64, shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    return .tensors(try x.elementType.dispatch(Work(rule: self, x: x, context: context)))
  }

  private struct Work: NumberVisitor {
    let rule: ArgMax
    let x: GraphTensor
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      let axis = try Axes.normalized(rule.axis, rank: x.rank)
      let (size, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
      var shape = x.shape
      if rule.keepsDimensions { shape[axis] = 1 } else { shape.remove(at: axis) }
      let from = x.values(N.self)
      let to = try context.new(Int64.self, shape)
      guard size > 0 || to.count == 0 else { throw GraphError("the axis has no elements") }
      var work = context.watch.work
      for index in 0..<to.count {
        let start = index / inner * size * inner + index % inner
        var best = 0
        try work.pieces(0..<size) { piece in
          for place in piece {
            let (a, b) = (from[start + place * inner], from[start + best * inner])
            let isBetter = rule.isSmallest ? a < b : a > b
            if isBetter || rule.takesLast && a == b { best = place }
          }
        }
        to[index] = Int64(best)
      }
      return to.tensor
    }
  }
}
