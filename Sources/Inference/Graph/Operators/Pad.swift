internal import Models

/// More elements around a tensor: a constant, the edge, a mirror or the other side. Negative
/// amounts cut off.
struct Pad: GraphOperator {
  enum Mode: String, Sendable { case constant, edge, reflect, wrap }
  let mode: Mode
  let amounts: [Int]?
  let value: Float

  static let entries = [
    OperatorEntry("Pad") { node, _ in
      let name = try node.text("mode", default: "constant")
      guard let mode = Mode(rawValue: name) else {
        throw node.problem(.malformed, "there is no mode \(name)")
      }
      let isOld = node.version < 11
      return Pad(
        mode: mode,
        amounts: isOld ? try node.required("pads", node.ints("pads")).map { Int($0) } : nil,
        value: isOld ? try node.float("value", default: 0) : 0)
    }
  ]

  var takesHalf: Bool { true }

  private func pads(_ given: [Int], _ axes: [Int]?, rank: Int) throws -> [(Int, Int)] {
    let axes = try axes.map { try Axes.normalized($0, rank: rank) } ?? Array(0..<rank)
    guard given.count == 2 * axes.count, given.allSatisfy({ $0.magnitude < 1 << 40 })
    else {
      throw GraphError("\(given.count) pads for \(axes.count) axes")
    }
    var pads = [(Int, Int)](repeating: (0, 0), count: rank)
    for (index, axis) in axes.enumerated() {
      pads[axis] = (given[index], given[index + axes.count])
    }
    return pads
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let shape = inputs[0].shape else { return [GraphFact(inputs[0].type)] }
    guard let given = amounts ?? inputs.ints(1), !inputs.has(3) || inputs.ints(3) != nil else {
      return [GraphFact(inputs[0].type, .unknown(shape.count))]
    }
    let pads = try pads(given, inputs.ints(3), rank: shape.count)
    return [
      GraphFact(
        inputs[0].type,
        zip(shape, pads).map { size, pad in
          if pad == (0, 0) { return size }
          guard case .fixed(let size) = size else { return .unknown }
          return .fixed(max(0, size + pad.0 + pad.1))
        })
    ]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let pads = try pads(amounts ?? inputs.tensor(1).ints(), inputs.ints(3), rank: x.rank)
    let shape = zip(x.shape, pads).map { $0 + $1.0 + $1.1 }
    _ = try GraphTensor.count(shape, limit: context.budget.elementLimit)
    let charge = try BudgetCharge(numbers: shape.reduce(0, +), context.budget)
    defer { withExtendedLifetime(charge) {} }
    // For each axis where an element comes from; -1 is the constant.
    var work = context.watch.work
    let sources = try x.shape.indices.map { axis in
      try (0..<shape[axis]).map {
        try work.add(1)
        return try source($0 - pads[axis].0, x.shape[axis])
      }
    }
    let fill = try inputs.optional(2)
    if let fill {
      guard try fill.checked(x.elementType, "the value").count == 1 else {
        throw GraphError("the value must be one number")
      }
    }
    // The constant stands behind the tensor.
    let plain = try fill.map { GraphTensor($0, shape: [1]) } ?? constant(x.elementType, context)
    let all = try Concat.joined([GraphTensor(x, shape: [x.count]), plain], axis: 0, context)
    let strides = Broadcast.strides(x.shape)
    var position = [Int](repeating: 0, count: x.rank)
    return .tensors(
      try all.picked(shape, context) { _ in
        defer { position.advance(in: shape) }
        var place = 0
        for axis in position.indices {
          let from = sources[axis][position[axis]]
          guard from >= 0 else { return x.count }
          place += from * strides[axis]
        }
        return place
      })
  }

  private func constant(_ type: ONNXElementType, _ context: GraphContext) throws -> GraphTensor {
    if type == .string { return try context.texts([1], [[]]) }
    return try Cast.converted(context.floats([1], [value]), type, saturates: true, context)
  }

  private func source(_ index: Int, _ size: Int) throws -> Int {
    if index >= 0 && index < size { return index }
    guard mode != .constant else { return -1 }
    guard size > 0 else { throw GraphError("nothing to pad with") }
    switch mode {
    case .constant: return -1
    case .edge: return min(max(index, 0), size - 1)
    case .wrap: return (index % size + size) % size
    case .reflect:
      if size == 1 { return 0 }
      let period = 2 * (size - 1)
      let place = (index % period + period) % period
      return place < size ? place : period - place
    }
  }
}
