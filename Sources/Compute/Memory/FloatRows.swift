/// A matrix of 32-bit floats, row-major and without gaps: what flows between operators.
///
/// Its memory is kept when it is reshaped to fewer elements, so a graph allocates its rows once and
/// reshapes them for every batch.
@safe
package final class FloatRows {
  private var memory: AlignedMemory
  private let owner: AnyObject?
  package private(set) var rows: Int
  package private(set) var columns: Int

  /// Zeros.
  package init(rows: Int = 0, columns: Int = 0) {
    precondition(rows >= 0 && columns >= 0)
    memory = AlignedMemory(count: rows * columns * 4)
    self.rows = rows
    self.columns = columns
    owner = nil
  }

  /// Floats that lie elsewhere; they keep their shape.
  ///
  /// - Parameters:
  ///   - start: f32 [rows × columns], without gaps.
  ///   - owner: what keeps that memory.
  package init(
    rows: Int, columns: Int, at start: UnsafeMutablePointer<Float>, of owner: AnyObject
  ) {
    precondition(rows >= 0 && columns >= 0)
    unsafe memory = AlignedMemory(borrowing: start, count: rows * columns * 4)
    self.rows = rows
    self.columns = columns
    self.owner = owner
  }

  /// Some of the rows, in the same memory: these must not take another shape meanwhile.
  package func slice(_ range: Range<Int>) -> FloatRows {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows)
    return unsafe FloatRows(
      rows: range.count, columns: columns, at: pointer + range.lowerBound * columns, of: self)
  }

  package convenience init(rows: Int, columns: Int, _ values: [Float]) {
    precondition(values.count == rows * columns)
    self.init(rows: rows, columns: columns)
    for row in 0..<rows {
      set(row, values.span.extracting(row * columns..<(row + 1) * columns))
    }
  }

  /// Takes a new shape; the values are unspecified until written.
  package func reshape(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0)
    memory.reserve(rows * columns * 4)
    self.rows = rows
    self.columns = columns
  }

  /// All values, row after row.
  package var values: Span<Float> {
    @_lifetime(borrow self) get {
      unsafe _overrideLifetime(
        Span(_unsafeStart: pointer, count: rows * columns), borrowing: self)
    }
  }

  package subscript(row: Int, column: Int) -> Float {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      return unsafe pointer[row * columns + column]
    }
    set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      unsafe pointer[row * columns + column] = newValue
    }
  }

  /// Overwrites one row.
  package func set(_ row: Int, _ values: Span<Float>) {
    precondition(row >= 0 && row < rows && values.count == columns)
    let place = unsafe UnsafeMutableBufferPointer(start: pointer(row: row), count: columns)
    unsafe values.withUnsafeBufferPointer { _ = unsafe place.update(fromContentsOf: $0) }
  }

  /// A copy of one row.
  package func row(_ row: Int) -> [Float] {
    precondition(row >= 0 && row < rows)
    return unsafe Array(UnsafeBufferPointer(start: pointer + row * columns, count: columns))
  }

  /// f32 [rows × columns], row stride `columns`; valid until the next `reshape`.
  package var pointer: UnsafeMutablePointer<Float> {
    unsafe memory.base.assumingMemoryBound(to: Float.self)
  }

  /// f32, the address of one row.
  func pointer(row: Int) -> UnsafeMutablePointer<Float> { unsafe pointer + row * columns }
}
