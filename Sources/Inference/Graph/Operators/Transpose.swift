internal import Models

/// Dimensions in another order; the reverse order if none is given.
struct Transpose: GraphOperator {
  let order: [Int]?

  static let entries = [
    OperatorEntry("Transpose") { node, _ in
      Transpose(order: try node.ints("perm")?.map { Int(clamping: $0) })
    }
  ]

  var takesHalf: Bool { true }

  private func order(rank: Int) throws -> [Int] {
    let order = self.order ?? (0..<rank).reversed()
    guard order.count == rank, Set(order) == Set(0..<rank) else {
      throw GraphError("perm \(order) is no order of \(rank) dimensions")
    }
    return order
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let shape = try inputs[0].shape.map { shape in
      try order(rank: shape.count).map { shape[$0] }
    }
    return [GraphFact(inputs[0].type, shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    return .tensors(try Self.transposed(x, order(rank: x.rank), context))
  }

  static func transposed(
    _ x: GraphTensor, _ order: [Int], _ context: GraphContext
  ) throws -> GraphTensor {
    var view = StridedView(x)
    view.shape = order.map { x.shape[$0] }
    view.strides = order.map { Broadcast.strides(x.shape)[$0] }
    return try view.copied(context)
  }
}
