internal import Compute
internal import Models

extension GraphContext {
  /// A tensor of floats that are all written before it is handed on: what it holds is arbitrary.
  func unwritten(_ shape: [Int]) throws -> GraphTensor {
    try GraphTensor(.float, shape, budget, isCleared: false)
  }
}

extension GraphTensor {
  /// Its floats as rows, in place.
  ///
  /// - Parameter columns: divides their number.
  func rows(of columns: Int) -> FloatRows {
    precondition(columns > 0 && count % columns == 0)
    return rows(0..<count / columns, of: columns)
  }

  /// Some of those rows.
  func rows(_ range: Range<Int>, of columns: Int) -> FloatRows {
    precondition(elementType == .float && columns > 0 && range.lowerBound >= 0)
    precondition(range.upperBound * columns <= count)
    return unsafe FloatRows(
      rows: range.count, columns: columns,
      at: base.assumingMemoryBound(to: Float.self) + range.lowerBound * columns, of: self)
  }
}
