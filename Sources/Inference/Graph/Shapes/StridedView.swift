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
  func copied(_ context: GraphContext, as final: [Int]? = nil) throws -> GraphTensor {
    let final = final ?? shape
    if tensor.elementType == .string {
      let all = tensor.strings
      var (texts, _) = try context.room(forTexts: shape)
      try runs(context.watch) { start, length, step in
        for index in 0..<length { texts.append(all[start + index * step]) }
      }
      return try context.texts(final, texts)
    }
    let copy = try tensor.elementType.dispatchBits(Copy(view: self, context: context))
    return GraphTensor(copy, shape: final)
  }

  /// Each run along the last dimension: where it starts, its length and its step. Long ones come in
  /// pieces.
  ///
  /// - Throws: where the run of the graph is to end.
  func runs(
    _ watch: RunWatch, _ body: (_ start: Int, _ length: Int, _ step: Int) -> Void
  ) throws {
    guard !shape.contains(0) else { return }
    let last = shape.count - 1
    let (length, step) = last < 0 ? (1, 1) : (shape[last], strides[last])
    var position = [Int](repeating: 0, count: max(0, last))
    var start = offset
    var work = watch.work
    while true {
      try work.pieces(0..<length) { body(start + $0.lowerBound * step, $0.count, step) }
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
  let context: GraphContext

  func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
    let from = view.tensor.values(Bits.self)
    let to = try NewTensor<Bits>(
      view.tensor.elementType, view.shape, context.budget, isCleared: false)
    var at = 0
    try view.runs(context.watch) { start, length, step in
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
  /// Slices of `width` elements one after the other, in a tensor of this shape.
  ///
  /// - Parameters:
  ///   - cost: of finding a slice, in elements.
  ///   - start: where a slice begins; asked for one after the other.
  func picked(
    _ shape: [Int], of width: Int = 1, cost: Int = 1, _ context: GraphContext,
    start: (Int) throws -> Int
  ) throws -> GraphTensor {
    guard elementType == .string else {
      return try withoutActuallyEscaping(start) { start in
        try elementType.dispatchBits(
          Pick(from: self, shape: shape, width: width, cost: cost, start: start, context: context))
      }
    }
    var (texts, count) = try context.room(forTexts: shape)
    var work = context.watch.work
    for slice in 0..<count / max(1, width) {
      try work.add(cost + width)
      let place = try start(slice)
      texts += strings[place..<place + width]
    }
    return try context.texts(shape, texts)
  }
}

private struct Pick: BitsVisitor {
  let from: GraphTensor
  let shape: [Int]
  let width: Int
  let cost: Int
  let start: (Int) throws -> Int
  let context: GraphContext

  func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
    let values = from.values(Bits.self)
    let to = try NewTensor<Bits>(from.elementType, shape, context.budget, isCleared: false)
    var work = context.watch.work
    for slice in 0..<to.count / max(1, width) {
      try work.add(cost)
      let place = try start(slice)
      guard width > 1 else {
        to[slice] = values[place]
        continue
      }
      try work.pieces(0..<width) { piece in
        let source = unsafe values.run(place + piece.lowerBound, piece.count)
        unsafe to.run(slice * width + piece.lowerBound, piece.count)
          .update(from: source, count: piece.count)
      }
    }
    return to.tensor
  }
}
