/// A table of rows as their file stores them, appended once at load and then read by
/// `Processor.embed`.
///
/// `@unchecked Sendable`: the memory is written only by `append`, before the object is shared.
@safe
package final class StoredRows: @unchecked Sendable {
  package let rows: Int
  package let columns: Int
  package let type: WeightType
  private let memory: SlabMemory
  private var written = 0

  /// - Parameter arena: where it lies.
  /// - Throws: `ComputeError` for an impossible shape, or where there is no memory.
  package init(
    rows: Int, columns: Int, type: WeightType, in arena: SlabArena
  ) throws(ComputeError) {
    guard rows > 0, columns > 0, columns % type.blockLength == 0 else {
      throw ComputeError(
        "a table of \(rows) rows of \(columns) values; both must be positive, and a row a multiple "
          + "of \(type.blockLength)")
    }
    self.rows = rows
    self.columns = columns
    self.type = type
    memory = try SlabMemory(count: rows * type.rowBytes(columns), in: arena)
  }

  /// Bytes held.
  package var byteCount: Int { memory.count }

  package var bytes: RawSpan {
    @_lifetime(borrow self) get {
      unsafe _overrideLifetime(
        RawSpan(
          _unsafeBytes: UnsafeRawBufferPointer(start: memory.base, count: memory.count)),
        borrowing: self)
    }
  }

  /// Appends whole rows of the table's type.
  ///
  /// - Throws: `ComputeError` for rows too many or cut off, and for a value that is no finite
  ///   number.
  package func append(_ bytes: RawSpan) throws(ComputeError) {
    let rowBytes = type.rowBytes(columns)
    guard bytes.byteCount % rowBytes == 0, written * rowBytes + bytes.byteCount <= byteCount else {
      throw ComputeError(
        "\(bytes.byteCount) bytes after \(written) of \(rows) rows of \(rowBytes) bytes")
    }
    guard type.isFinite(bytes) else { throw .notFinite }
    unsafe bytes.withUnsafeBytes { source in
      guard let source = source.baseAddress else { return }
      unsafe (memory.base + written * rowBytes).copyMemory(from: source, byteCount: bytes.byteCount)
    }
    written += bytes.byteCount / rowBytes
  }
}
