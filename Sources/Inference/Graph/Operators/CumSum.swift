internal import Models

/// Sums or products of all up to each place along an axis.
struct CumSum: GraphOperator {
  let isProduct: Bool
  let isExclusive: Bool
  let isReverse: Bool

  static let entries: [OperatorEntry] = [("CumSum", false), ("CumProd", true)].map {
    name, product in
    OperatorEntry(name, versions: product ? 26...28 : 11...28) { node, _ in
      CumSum(
        isProduct: product, isExclusive: try node.flag("exclusive", default: false),
        isReverse: try node.flag("reverse", default: false))
    }
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let axis = try Axes.normalized(inputs.int(1) ?? 0, rank: x.rank)
    return .tensors(
      try x.elementType.dispatch(Work(rule: self, x: x, axis: axis, context: context)))
  }

  private struct Work: NumberVisitor {
    let rule: CumSum
    let x: GraphTensor
    let axis: Int
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      let (size, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
      let (from, to) = (x.values(N.self), try NewTensor<N>(x.elementType, x.shape, context.budget))
      guard size > 0 else { return to.tensor }
      var work = context.watch.work
      for run in 0..<from.count / size {
        let start = run / inner * size * inner + run % inner
        var total = rule.isProduct ? N.one : N.zero
        try work.pieces(0..<size) { piece in
          for step in piece {
            let at = start + (rule.isReverse ? size - 1 - step : step) * inner
            let next: N = rule.isProduct ? .product(total, from[at]) : .sum(total, from[at])
            to[at] = rule.isExclusive ? total : next
            total = next
          }
        }
      }
      return to.tensor
    }
  }
}
