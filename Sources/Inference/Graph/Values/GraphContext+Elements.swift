internal import Models

/// The loops over elements that operators share. They ask now and then whether the run is to end.
extension GraphContext {
  /// A new tensor of what `body` says of each place.
  @inline(__always)
  func tensor<Element: BitwiseCopyable>(
    _ type: ONNXElementType, _ shape: [Int], _ body: (Int) -> Element
  ) throws -> GraphTensor {
    let to = try NewTensor<Element>(type, shape, budget, isCleared: false)
    try watch.pieces(to.count) { piece in
      let target = unsafe to.run(piece.lowerBound, piece.count)
      for index in 0..<piece.count { unsafe target[index] = body(piece.lowerBound + index) }
    }
    return to.tensor
  }

  /// A function of each element.
  ///
  /// - Parameter type: nil for that of `x`.
  @inline(__always)
  func map<Element: BitwiseCopyable, Answer: BitwiseCopyable>(
    _ x: GraphTensor, _: Element.Type, as type: ONNXElementType? = nil,
    _ body: (Element) -> Answer
  ) throws -> GraphTensor {
    let from = x.values(Element.self)
    let to = try NewTensor<Answer>(type ?? x.elementType, x.shape, budget, isCleared: false)
    try watch.pieces(to.count) { piece in
      let source = unsafe from.run(piece.lowerBound, piece.count)
      let target = unsafe to.run(piece.lowerBound, piece.count)
      for index in 0..<piece.count { unsafe target[index] = body(source[index]) }
    }
    return to.tensor
  }

  /// A new tensor of the texts that `body` says of each place.
  func texts(_ shape: [Int], _ body: (Int) throws -> [UInt8]) throws -> GraphTensor {
    var (texts, count) = try room(forTexts: shape)
    try watch.pieces(count, cost: Self.textCost) { piece in
      for index in piece { texts.append(try body(index)) }
    }
    return try self.texts(shape, texts)
  }

  /// What a text costs to be made or looked up, in elements.
  static let textCost = 64

  /// What a row costs whose numbers stand in an array of their own, in elements.
  static let rowCost = 256

  /// What a tensor costs to be made, in elements.
  static let tensorCost = 1 << 10

  /// An array that the texts of this shape fit in, and how many they are.
  ///
  /// - Throws: where even empty ones would take more than there is.
  func room(forTexts shape: [Int]) throws -> ([[UInt8]], count: Int) {
    let count = try GraphTensor.count(shape, limit: budget.elementLimit)
    _ = try BudgetCharge(numbers: count * GraphTensor.textOverhead / 8, budget)
    var texts: [[UInt8]] = []
    texts.reserveCapacity(count)
    return (texts, count)
  }
}
