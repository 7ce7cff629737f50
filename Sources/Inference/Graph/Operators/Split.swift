internal import Models

/// A tensor in pieces along an axis; the lengths are an attribute before version 13, then an input,
/// or as even as can be.
struct Split: GraphOperator {
  let axis: Int
  let lengths: [Int]?
  let outputs: Int

  static let entries = [
    OperatorEntry("Split") { node, _ in
      guard !node.outputs.isEmpty else { throw node.problem(.malformed, "it has no outputs") }
      return Split(
        axis: Int(clamping: try node.int("axis", default: 0)),
        lengths: node.version < 13 ? try node.ints("split")?.map { Int(clamping: $0) } : nil,
        outputs: node.outputs.count)
    }
  ]

  var takesHalf: Bool { true }

  private func lengths(_ given: [Int]?, of size: Int) throws -> [Int] {
    if let given {
      guard given.allSatisfy({ $0 >= 0 && $0 <= size }), given.reduce(0, +) == size,
        given.count == outputs
      else { throw GraphError("the lengths \(given) do not split \(size)") }
      return given
    }
    let even = (size + outputs - 1) / outputs
    return (0..<outputs).map { max(0, min(even, size - $0 * even)) }
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let shape = inputs[0].shape else {
      return Array(repeating: GraphFact(inputs[0].type), count: outputs)
    }
    let axis = try Axes.normalized(self.axis, rank: shape.count)
    let given = lengths ?? inputs.ints(1)
    var sizes = [ONNXDimension](repeating: .unknown, count: outputs)
    if case .fixed(let size) = shape[axis], given != nil || !inputs.has(1) {
      sizes = try lengths(given, of: size).map { .fixed($0) }
    }
    return sizes.map { size in
      var piece = shape
      piece[axis] = size
      return GraphFact(inputs[0].type, piece)
    }
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let axis = try Axes.normalized(self.axis, rank: x.rank)
    let lengths = try lengths(lengths ?? inputs.ints(1), of: x.shape[axis])
    return try Self.pieces(x, axis: axis, lengths, context).map { .tensor($0) }
  }

  static func pieces(
    _ x: GraphTensor, axis: Int, _ lengths: [Int], _ context: GraphContext
  ) throws -> [GraphTensor] {
    var start = 0
    var work = context.watch.work
    return try lengths.map { length in
      try work.add(GraphContext.tensorCost)
      var view = StridedView(x)
      view.shape[axis] = length
      view.offset = start * view.strides[axis]
      start += length
      return try view.copied(context)
    }
  }
}
