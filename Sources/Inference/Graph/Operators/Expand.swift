internal import Models

/// A tensor stretched to a shape.
struct Expand: GraphOperator {
  static let entries = [OperatorEntry("Expand") { _, _ in Expand() }]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let shape = inputs[0].shape, let wanted = inputs.ints(1) else {
      return [GraphFact(inputs[0].type)]
    }
    return [GraphFact(inputs[0].type, try shape.stretched(to: wanted.map { .fixed($0) }))]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let shape = try Broadcast([x.shape, inputs.tensor(1).ints()]).shape
    return .tensors(try Self.stretched(x, to: shape, context))
  }

  static func stretched(
    _ x: GraphTensor, to shape: [Int], _ context: GraphContext
  ) throws -> GraphTensor {
    let gap = shape.count - x.rank
    let own = Broadcast.strides(x.shape)
    let strides = shape.indices.map { axis in
      axis < gap || x.shape[axis - gap] == 1 ? 0 : own[axis - gap]
    }
    return try StridedView(x, shape: shape, strides: strides).copied(context)
  }
}

/// A tensor repeated along its dimensions.
struct Tile: GraphOperator {
  static let entries = [OperatorEntry("Tile") { _, _ in Tile() }]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let shape = inputs[0].shape else { return [GraphFact(inputs[0].type)] }
    guard let repeats = inputs.ints(1), repeats.count == shape.count else {
      return [GraphFact(inputs[0].type, .unknown(shape.count))]
    }
    return [
      GraphFact(
        inputs[0].type,
        zip(shape, repeats).map { size, times in
          if times == 1 { return size }
          guard case .fixed(let size) = size else { return .unknown }
          let (product, overflow) = size.multipliedReportingOverflow(by: times)
          return overflow ? .unknown : .fixed(product)
        })
    ]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let repeats = try inputs.tensor(1).ints()
    guard repeats.count == x.rank else { throw GraphError("\(repeats.count) repeats") }
    let own = Broadcast.strides(x.shape)
    let shape = zip(repeats, x.shape).flatMap { [$0, $1] }
    let final = try zip(repeats, x.shape).map { times, size in
      let (product, overflow) = times.multipliedReportingOverflow(by: size)
      guard times >= 0, !overflow else { throw GraphError("a dimension repeated \(times) times") }
      return product
    }
    // Counted in its final shape, as the other has twice the dimensions.
    _ = try GraphTensor.count(final, limit: context.budget.elementLimit)
    let view = StridedView(x, shape: shape, strides: own.flatMap { [0, $0] })
    return .tensors(try view.copied(context, as: final))
  }
}
