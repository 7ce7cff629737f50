internal import Models

/// Dimensions of size 1 left out; the axes are an attribute before version 13, then an input.
struct Squeeze: GraphOperator {
  let axes: [Int]?

  static let entries = [
    OperatorEntry("Squeeze") { node, _ in
      Squeeze(axes: node.version < 13 ? try node.ints("axes")?.map { Int($0) } : nil)
    }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let known = axes ?? inputs.ints(1)
    guard let shape = inputs[0].shape else { return [GraphFact(inputs[0].type)] }
    guard let known else {
      guard !inputs.has(1), let fixed = shape.fixed else { return [GraphFact(inputs[0].type)] }
      return [GraphFact(inputs[0].type, fixed.filter { $0 != 1 }.map { .fixed($0) })]
    }
    let gone = try Axes.normalized(known, rank: shape.count)
    return [
      GraphFact(inputs[0].type, shape.indices.filter { !gone.contains($0) }.map { shape[$0] })
    ]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let gone =
      try (axes ?? inputs.ints(1)).map { try Axes.normalized($0, rank: x.rank) }
      ?? x.shape.indices.filter { x.shape[$0] == 1 }
    guard gone.allSatisfy({ x.shape[$0] == 1 }) else {
      throw GraphError("the axes \(gone) of the shape \(x.shape) are not all of size 1")
    }
    return .tensors(
      GraphTensor(x, shape: x.shape.indices.filter { !gone.contains($0) }.map { x.shape[$0] }))
  }
}

/// Dimensions of size 1 set in.
struct Unsqueeze: GraphOperator {
  let axes: [Int]?

  static let entries = [
    OperatorEntry("Unsqueeze") { node, _ in
      Unsqueeze(
        axes: node.version < 13
          ? try node.required("axes", node.ints("axes")).map { Int($0) } : nil)
    }
  ]

  var takesHalf: Bool { true }

  private func widened<Size>(_ shape: [Size], _ axes: [Int], _ one: Size) throws -> [Size] {
    guard axes.count <= 32 else { throw GraphError("\(axes.count) axes") }
    let new = try Axes.normalized(axes, rank: shape.count + axes.count)
    var rest = shape.makeIterator()
    return try (0..<shape.count + axes.count).map { axis in
      if new.contains(axis) { return one }
      guard let next = rest.next() else { throw GraphError("the axes do not fit") }
      return next
    }
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let shape = inputs[0].shape, let known = axes ?? inputs.ints(1) else {
      return [GraphFact(inputs[0].type)]
    }
    return [GraphFact(inputs[0].type, try widened(shape, known, .fixed(1)))]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let axes = try self.axes ?? inputs.tensor(1).ints()
    return .tensors(GraphTensor(x, shape: try widened(x.shape, axes, 1)))
  }
}
