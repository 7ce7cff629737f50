internal import Models

/// Tensors stretched to each other as numpy does: sizes are compared from the last, and 1 is
/// repeated.
struct Broadcast {
  let shape: [Int]
  /// Of the shape with neighbouring dimensions joined wherever every tensor allows it.
  private let sizes: [Int]
  /// For each tensor a stride for each of `sizes`, 0 where it is repeated.
  private let strides: [[Int]]

  init(_ shapes: [[Int]]) throws {
    let rank = shapes.map(\.count).max() ?? 0
    for shape in shapes { _ = try GraphTensor.count(shape, limit: .max) }
    let padded = shapes.map { Array(repeating: 1, count: rank - $0.count) + $0 }
    var shape = [Int](repeating: 1, count: rank)
    for axis in 0..<rank {
      for other in padded where other[axis] != 1 {
        guard shape[axis] == 1 || shape[axis] == other[axis] else {
          throw GraphError(
            "the shapes " + shapes.map { "\($0)" }.joined(separator: " and ")
              + " cannot be stretched to each other")
        }
        shape[axis] = other[axis]
      }
    }
    _ = try GraphTensor.count(shape, limit: .max)
    self.shape = shape
    let full = padded.map { own in
      zip(own, Self.strides(own)).map { $0 == 1 ? 0 : $1 }
    }
    var sizes: [Int] = []
    var strides = [[Int]](repeating: [], count: shapes.count)
    for axis in 0..<rank where shape[axis] != 1 {
      let joins =
        !sizes.isEmpty
        && shapes.indices.allSatisfy { (strides[$0].last ?? 0) == full[$0][axis] * shape[axis] }
      if joins {
        sizes[sizes.count - 1] *= shape[axis]
        for index in shapes.indices { strides[index][sizes.count - 1] = full[index][axis] }
      } else {
        sizes.append(shape[axis])
        for index in shapes.indices { strides[index].append(full[index][axis]) }
      }
    }
    self.sizes = sizes
    self.strides = strides
  }

  /// Row-major strides.
  static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * max(1, shape[axis + 1])
    }
    return strides
  }

  /// Calls the body for each run along the last dimension: where it starts in the answer and in
  /// each tensor, its length, and the step of each tensor. Long ones come in pieces.
  ///
  /// - Throws: what the body throws; where the run of the graph is to end.
  func runs(
    _ watch: RunWatch,
    _ body: (_ start: Int, _ starts: [Int], _ length: Int, _ steps: [Int]) throws -> Void
  ) throws {
    guard !shape.contains(0) else { return }
    let length = sizes.last ?? 1
    let steps = strides.map { $0.last ?? 0 }
    let outer = max(0, sizes.count - 1)
    var position = [Int](repeating: 0, count: outer)
    var starts = [Int](repeating: 0, count: strides.count)
    var start = 0
    var work = watch.work
    while true {
      try work.pieces(0..<length) { piece in
        let first = piece.lowerBound
        let from = first == 0 ? starts : Swift.zip(starts, steps).map { $0 + first * $1 }
        try body(start + first, from, piece.count, steps)
      }
      start += length
      var axis = outer - 1
      while axis >= 0 {
        position[axis] += 1
        for index in starts.indices { starts[index] += strides[index][axis] }
        if position[axis] < sizes[axis] { break }
        for index in starts.indices { starts[index] -= strides[index][axis] * sizes[axis] }
        position[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}

extension GraphContext {
  /// `body(a, b)` for each pair of elements of two tensors stretched to each other.
  @inline(__always)
  func zip<A: BitwiseCopyable, B: BitwiseCopyable, C: BitwiseCopyable>(
    _ a: GraphTensor, _: A.Type, _ b: GraphTensor, _: B.Type, as type: ONNXElementType,
    _ body: (A, B) -> C
  ) throws -> GraphTensor {
    let plan = try Broadcast([a.shape, b.shape])
    let (x, y) = (a.values(A.self), b.values(B.self))
    let z = try NewTensor<C>(type, plan.shape, budget, isCleared: false)
    try plan.runs(watch) { start, starts, length, steps in
      let p = unsafe x.run(starts[0], length, step: steps[0])
      let q = unsafe y.run(starts[1], length, step: steps[1])
      let r = unsafe z.run(start, length)
      switch (steps[0], steps[1]) {
      case (1, 1):
        for index in 0..<length { unsafe r[index] = body(p[index], q[index]) }
      case (1, 0):
        let right = unsafe q[0]
        for index in 0..<length { unsafe r[index] = body(p[index], right) }
      case (0, 1):
        let left = unsafe p[0]
        for index in 0..<length { unsafe r[index] = body(left, q[index]) }
      default:
        for index in 0..<length {
          unsafe r[index] = body(p[index * steps[0]], q[index * steps[1]])
        }
      }
    }
    return z.tensor
  }
}
