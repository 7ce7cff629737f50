internal import Models

/// A tensor seen through other strides, so that transposing, slicing and repeating are one copy.
struct StridedView {
  let tensor: GraphTensor
  var shape: [Int]
  /// May be negative, or 0 where elements repeat.
  var strides: [Int]
  var offset = 0

  init(_ tensor: GraphTensor) {
    self.tensor = tensor
    shape = tensor.shape
    strides = Broadcast.strides(tensor.shape)
  }

  init(_ tensor: GraphTensor, shape: [Int], strides: [Int], offset: Int = 0) {
    self.tensor = tensor
    self.shape = shape
    self.strides = strides
    self.offset = offset
  }

  /// The elements in a tensor of their own.
  func copied(_ budget: MemoryBudget, as final: [Int]? = nil) throws -> GraphTensor {
    let count = try GraphTensor.count(shape, limit: budget.elementLimit)
    let final = final ?? shape
    if tensor.elementType == .string {
      let all = tensor.strings
      var texts: [[UInt8]] = []
      texts.reserveCapacity(count)
      runs { start, length, step in
        for index in 0..<length { texts.append(all[start + index * step]) }
      }
      return try GraphTensor(strings: texts, final, budget)
    }
    let copy = try tensor.elementType.dispatchBits(Copy(view: self, budget: budget))
    return GraphTensor(copy, shape: final)
  }

  /// Each run along the last dimension: where it starts, its length and its step.
  func runs(_ body: (_ start: Int, _ length: Int, _ step: Int) -> Void) {
    guard !shape.contains(0) else { return }
    let last = shape.count - 1
    var position = [Int](repeating: 0, count: max(0, last))
    var start = offset
    while true {
      body(start, last < 0 ? 1 : shape[last], last < 0 ? 1 : strides[last])
      var axis = last - 1
      while axis >= 0 {
        position[axis] += 1
        start += strides[axis]
        if position[axis] < shape[axis] { break }
        start -= strides[axis] * shape[axis]
        position[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}

private struct Copy: BitsVisitor {
  let view: StridedView
  let budget: MemoryBudget

  func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
    let from = view.tensor.values(Bits.self)
    let to = try NewTensor<Bits>(view.tensor.elementType, view.shape, budget, isCleared: false)
    var at = 0
    view.runs { start, length, step in
      let source = unsafe from.run(start, length, step: step)
      let target = unsafe to.run(at, length)
      switch step {
      case 1: unsafe target.update(from: source, count: length)
      case 0: unsafe target.update(repeating: source[0], count: length)
      default: for index in 0..<length { unsafe target[index] = source[index * step] }
      }
      at += length
    }
    return to.tensor
  }
}

extension GraphTensor {
  /// The elements at these places, in a tensor of this shape.
  func picked(_ places: [Int], shape: [Int], _ budget: MemoryBudget) throws -> GraphTensor {
    if elementType == .string {
      return try GraphTensor(strings: places.map { strings[$0] }, shape, budget)
    }
    return try elementType.dispatchBits(
      Pick(from: self, places: places, shape: shape, budget: budget))
  }
}

private struct Pick: BitsVisitor {
  let from: GraphTensor
  let places: [Int]
  let shape: [Int]
  let budget: MemoryBudget

  func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
    let values = from.values(Bits.self)
    let to = try NewTensor<Bits>(from.elementType, shape, budget)
    for (index, place) in places.enumerated() { to[index] = values[place] }
    return to.tensor
  }
}
