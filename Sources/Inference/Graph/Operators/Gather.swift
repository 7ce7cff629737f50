internal import Models

/// Slices along an axis, at places that an input gives.
struct Gather: GraphOperator {
  let axis: Int

  static let entries = [
    OperatorEntry("Gather") { node, _ in
      Gather(axis: Int(clamping: try node.int("axis", default: 0)))
    }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let shape = inputs[0].shape, let places = inputs[1].shape, !shape.isEmpty else {
      return [GraphFact(inputs[0].type)]
    }
    let axis = try Axes.normalized(self.axis, rank: shape.count)
    return [GraphFact(inputs[0].type, shape[..<axis] + places + shape[(axis + 1)...])]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let places = try inputs.tensor(1)
    let axis = try Axes.normalized(self.axis, rank: x.rank)
    let size = x.shape[axis]
    let rows = try places.ints().map { try Self.place($0, size) }
    let shape = x.shape[..<axis] + places.shape + x.shape[(axis + 1)...]
    let (outer, inner) = (x.shape[..<axis].product, x.shape[(axis + 1)...].product)
    _ = try GraphTensor.count(Array(shape), limit: context.budget.elementLimit)
    if x.elementType == .string {
      var texts: [[UInt8]] = []
      for block in 0..<outer {
        for row in rows {
          let start = (block * size + row) * inner
          texts += x.strings[start..<start + inner]
        }
      }
      return .tensors(try context.texts(Array(shape), texts))
    }
    return .tensors(
      try x.elementType.dispatchBits(
        Work(
          x: x, rows: rows, shape: Array(shape), outer: outer, size: size, inner: inner,
          budget: context.budget)))
  }

  /// An index within a size; negative ones count from the end.
  static func place(_ index: Int, _ size: Int) throws -> Int {
    guard index >= -size, index < size else {
      throw GraphError(
        size == 0
          ? "index \(index) of a dimension of size 0"
          : "index \(index) is out of range: \(-size) to \(size - 1) are allowed")
    }
    return index < 0 ? index + size : index
  }

  private struct Work: BitsVisitor {
    let x: GraphTensor
    let rows: [Int]
    let shape: [Int]
    let outer: Int
    let size: Int
    let inner: Int
    let budget: MemoryBudget

    func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
      let from = x.values(Bits.self)
      let to = try NewTensor<Bits>(x.elementType, shape, budget)
      var at = 0
      for block in 0..<outer {
        for row in rows {
          let start = (block * size + row) * inner
          if inner > 0 {
            unsafe to.run(at, inner).update(from: from.run(start, inner), count: inner)
          }
          at += inner
        }
      }
      return to.tensor
    }
  }
}

/// Single elements: the index replaces the place along one axis.
struct GatherElements: GraphOperator {
  let axis: Int

  static let entries = [
    OperatorEntry("GatherElements", versions: 11...28) { node, _ in
      GatherElements(axis: Int(clamping: try node.int("axis", default: 0)))
    }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[1].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let (x, places) = (try inputs.tensor(0), try inputs.tensor(1))
    let targets = try Self.places(x.shape, places, axis: axis)
    return .tensors(try x.picked(targets, shape: places.shape, context.budget))
  }

  /// Where in a tensor of the shape the elements at these indices lie.
  static func places(_ shape: [Int], _ indices: GraphTensor, axis: Int) throws -> [Int] {
    let axis = try Axes.normalized(axis, rank: shape.count)
    guard indices.rank == shape.count,
      shape.indices.allSatisfy({ $0 == axis || indices.shape[$0] <= shape[$0] })
    else { throw GraphError("indices of the shape \(indices.shape) into \(shape)") }
    let strides = Broadcast.strides(shape)
    let numbers = try indices.ints()
    var position = [Int](repeating: 0, count: shape.count)
    return try numbers.map { number in
      var place = 0
      for dimension in shape.indices {
        let at = dimension == axis ? try Gather.place(number, shape[axis]) : position[dimension]
        place += at * strides[dimension]
      }
      position.advance(in: indices.shape)
      return place
    }
  }
}

/// Slices at places of several dimensions.
struct GatherND: GraphOperator {
  let batchDimensions: Int

  static let entries = [
    OperatorEntry("GatherND", versions: 11...28) { node, _ in
      GatherND(batchDimensions: Int(clamping: try node.int("batch_dims", default: 0)))
    }
  ]

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let (x, indices) = (try inputs.tensor(0), try inputs.tensor(1))
    let batch = batchDimensions
    guard batch >= 0, indices.rank > batch, x.rank > batch, let depth = indices.shape.last,
      x.shape[..<batch] == indices.shape[..<batch], depth <= x.rank - batch
    else { throw GraphError("indices of the shape \(indices.shape) into \(x.shape)") }
    let numbers = try indices.ints()
    let strides = Broadcast.strides(x.shape)
    let tail = x.shape[(batch + depth)...]
    let inner = tail.product
    let batches = x.shape[..<batch].product
    let perBatch = x.shape[batch...].product
    let rows = indices.shape[batch..<(indices.rank - 1)].product
    let shape = Array(indices.shape.dropLast() + tail)
    var places: [Int] = []
    places.reserveCapacity(try GraphTensor.count(shape, limit: context.budget.elementLimit))
    for block in 0..<batches {
      for row in 0..<rows {
        var place = block * perBatch
        for step in 0..<depth {
          let index = numbers[(block * rows + row) * depth + step]
          place += try Gather.place(index, x.shape[batch + step]) * strides[batch + step]
        }
        places.append(contentsOf: place..<place + inner)
      }
    }
    return .tensors(try x.picked(places, shape: shape, context.budget))
  }
}

extension [Int] {
  /// The next place in a shape, row-major.
  mutating func advance(in shape: [Int]) {
    var axis = count - 1
    while axis >= 0 {
      self[axis] += 1
      if self[axis] < shape[axis] { return }
      self[axis] = 0
      axis -= 1
    }
  }
}
