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
    let (x, places) = (try inputs.tensor(0), try inputs.tensor(1))
    let axis = try Axes.normalized(self.axis, rank: x.rank)
    let size = x.shape[axis]
    let rows = try places.asIndices(context)
    let shape = x.shape[..<axis] + places.shape + x.shape[(axis + 1)...]
    let inner = x.shape[(axis + 1)...].product
    return .tensors(
      try x.picked(Array(shape), of: inner, context) { slice in
        let (block, row) = slice.quotientAndRemainder(dividingBy: rows.count)
        return (block * size + (try Self.place(Int(rows[row]), size))) * inner
      })
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
    let (x, indices) = (try inputs.tensor(0), try inputs.tensor(1))
    var places = try ElementPlaces(x.shape, indices, axis: axis, context)
    return .tensors(try x.picked(indices.shape, context) { _ in try places.next() })
  }
}

/// Where in a tensor single elements lie, one after the other: the index replaces the place along
/// one axis.
struct ElementPlaces {
  private let shape: [Int]
  private let strides: [Int]
  private let axis: Int
  private let numbers: GraphValues<Int64>
  private let sizes: [Int]
  private var position: [Int]
  private var index = 0

  init(_ shape: [Int], _ indices: GraphTensor, axis: Int, _ context: GraphContext) throws {
    self.axis = try Axes.normalized(axis, rank: shape.count)
    let axis = self.axis
    guard indices.rank == shape.count,
      shape.indices.allSatisfy({ $0 == axis || indices.shape[$0] <= shape[$0] })
    else { throw GraphError("indices of the shape \(indices.shape) into \(shape)") }
    self.shape = shape
    strides = Broadcast.strides(shape)
    numbers = try indices.asIndices(context)
    sizes = indices.shape
    position = Array(repeating: 0, count: shape.count)
  }

  mutating func next() throws -> Int {
    var place = try Gather.place(Int(numbers[index]), shape[axis]) * strides[axis]
    for other in shape.indices where other != axis { place += position[other] * strides[other] }
    position.advance(in: sizes)
    index += 1
    return place
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
    let numbers = try indices.asIndices(context)
    let strides = Broadcast.strides(x.shape)
    let tail = x.shape[(batch + depth)...]
    let perBatch = x.shape[batch...].product
    let rows = indices.shape[batch..<(indices.rank - 1)].product
    return .tensors(
      try x.picked(Array(indices.shape.dropLast() + tail), of: tail.product, context) { slice in
        var place = slice / rows * perBatch
        for step in 0..<depth {
          let index = try Gather.place(Int(numbers[slice * depth + step]), x.shape[batch + step])
          place += index * strides[batch + step]
        }
        return place
      })
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
