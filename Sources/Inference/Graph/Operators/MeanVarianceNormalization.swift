internal import Models

/// All along some axes with mean 0 and variance 1.
struct MeanVarianceNormalization: GraphOperator {
  let axes: [Int]

  static let entries = [
    OperatorEntry("MeanVarianceNormalization") { node, _ in
      MeanVarianceNormalization(
        axes: try node.ints("axes")?.map { Int(clamping: $0) } ?? [0, 2, 3])
    }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let axes = try Axes.normalized(axes, rank: x.rank).sorted()
    let order = x.shape.indices.filter { !axes.contains($0) } + axes
    var back = order
    for (index, axis) in order.enumerated() { back[axis] = index }
    let sorted = try Transpose.transposed(x, order, context)
    let width = axes.map { x.shape[$0] }.product
    let answer = try x.elementType.dispatch(Work(x: sorted, width: width, context: context))
    return .tensors(try Transpose.transposed(answer, back, context))
  }

  private struct Work: FloatVisitor {
    let x: GraphTensor
    let width: Int
    let context: GraphContext

    func visit<N: GraphFloat>(_: N.Type) throws -> GraphTensor {
      let (from, to) = (x.values(N.self), try context.new(N.self, x.shape))
      var work = context.watch.work
      for row in 0..<from.count / max(1, width) {
        let moments = try Moments.of(from, row * width, width, &work)
        let deviation = moments.variance.squareRoot() + N(1e-9)
        try work.pieces(row * width..<(row + 1) * width) { piece in
          for index in piece { to[index] = (from[index] - moments.mean) / deviation }
        }
      }
      return to.tensor
    }
  }
}
