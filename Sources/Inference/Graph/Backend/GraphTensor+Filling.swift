package import Models

extension GraphTensor {
  /// A new tensor whose elements `fill` writes; they are zeros before.
  ///
  /// - Parameter element: as elements of the type are held: `Float` for `float`.
  package static func filled<Element: BitwiseCopyable>(
    _ type: ONNXElementType, _ shape: [Int], of element: Element.Type, _ budget: MemoryBudget,
    by fill: (inout MutableSpan<Element>) throws -> Void
  ) throws -> GraphTensor {
    let tensor = try GraphTensor(type, shape, budget)
    precondition(type.storedSize == MemoryLayout<Element>.size)
    var span = unsafe MutableSpan<Element>(
      _unsafeStart: tensor.base.assumingMemoryBound(to: Element.self), count: tensor.count)
    try fill(&span)
    return tensor
  }

  /// The same elements in another shape.
  package func reshaped(_ shape: [Int]) -> GraphTensor { GraphTensor(self, shape: shape) }
}
