internal import Models

/// The places of all that is not 0, a column each.
struct NonZero: GraphOperator {
  static let entries = [OperatorEntry("NonZero") { _, _ in NonZero() }]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let rank = inputs[0].shape.map { ONNXDimension.fixed($0.count) }
    return [GraphFact(.int64, [rank ?? .unknown, .unknown])]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    .tensors(try Self.places(inputs.tensor(0), context))
  }

  static func places(_ x: GraphTensor, _ context: GraphContext) throws -> GraphTensor {
    let truth = try x.converted(to: .bool, context).values(UInt8.self)
    var work = context.watch.work
    var count = 0
    try work.pieces(0..<truth.count) { for index in $0 where truth[index] != 0 { count += 1 } }
    let to = try context.new(Int64.self, [x.rank, count])
    let strides = Broadcast.strides(x.shape)
    var found = 0
    try work.pieces(0..<truth.count) { piece in
      for place in piece where truth[place] != 0 {
        for axis in 0..<x.rank {
          to[axis * count + found] = Int64(place / strides[axis] % x.shape[axis])
        }
        found += 1
      }
    }
    return to.tensor
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
    let condition = try inputs.tensor(1, .bool)
    guard condition.count <= x.shape[axis] else { throw GraphError("the condition is too long") }
    let chosen = try NonZero.places(GraphTensor(condition, shape: [condition.count]), context)
    let indices = GraphTensor(chosen, shape: [chosen.count])
    return try Gather(axis: axis).compute(
      GraphInputs([.tensor(x), .tensor(indices)]), context)
  }
}
