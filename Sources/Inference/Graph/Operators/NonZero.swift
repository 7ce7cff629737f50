internal import Models

/// The places of all that is not 0, a column each.
struct NonZero: GraphOperator {
  static let entries = [OperatorEntry("NonZero") { _, _ in NonZero() }]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let rank = inputs[0].shape.map { ONNXDimension.fixed($0.count) }
    return [GraphFact(.int64, [rank ?? .unknown, .unknown])]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let truth = try x.converted(to: .bool, context.budget).values(UInt8.self)
    let found = (0..<truth.count).filter { truth[$0] != 0 }
    let to = try context.new(Int64.self, [x.rank, found.count])
    let strides = Broadcast.strides(x.shape)
    for axis in 0..<x.rank {
      for (index, place) in found.enumerated() {
        to[axis * found.count + index] = Int64(place / strides[axis] % x.shape[axis])
      }
    }
    return .tensors(to.tensor)
  }
}

/// Slices along an axis, or elements, for which a condition is true.
struct Compress: GraphOperator {
  let axis: Int?

  static let entries = [
    OperatorEntry("Compress") { node, _ in
      Compress(axis: try node.int("axis").map { Int(clamping: $0) })
    }
  ]

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    var x = try inputs.tensor(0)
    if axis == nil { x = GraphTensor(x, shape: [x.count]) }
    let axis = try Axes.normalized(self.axis ?? 0, rank: x.rank)
    let condition = try inputs.tensor(1, .bool).values(UInt8.self)
    guard condition.count <= x.shape[axis] else { throw GraphError("the condition is too long") }
    let chosen = (0..<condition.count).filter { condition[$0] != 0 }
    let indices = try context.int64s([chosen.count], chosen)
    return try Gather(axis: axis).compute(
      GraphInputs([.tensor(x), .tensor(indices)]), context)
  }
}
