internal import CKernels

/// Looking rows up in a stored table, and pooling rows into one.
extension Processor {
  /// `output[i] = table[ids[i]]`, or `+=` when `adding` (word, position and segment embeddings).
  ///
  /// - Parameters:
  ///   - table: the stored tensor, rows of `columns` values one after the other; read in place.
  ///   - adding: output must then have the shape [ids × columns].
  /// - Throws: an id outside the table; output is then unspecified.
  package func embed(
    _ ids: [Int32], table: RawSpan, as type: WeightType, columns: Int, into output: FloatRows,
    adding: Bool = false
  ) throws(ComputeError) {
    precondition(columns > 0 && columns % type.blockLength == 0)
    let rowBytes = type.rowBytes(columns)
    try check(ids, rows: table.byteCount / rowBytes)
    prepare(output, rows: ids.count, columns: columns, adding: adding)
    unsafe table.withUnsafeBytes { table in
      guard let base = table.baseAddress else { return }
      run(count: ids.count, cost: 4 * columns) { range in
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { scratch in
          guard let scratch = scratch.baseAddress else { return }
          for index in range {
            let row = unsafe base + Int(ids[index]) * rowBytes
            unsafe widen(row, type, into: output, index, columns, adding ? scratch : nil)
          }
        }
      }
    }
  }

  /// The same for rows of a packed matrix, which are its outputs: a language model whose output
  /// matrix is its embedding holds it once.
  ///
  /// A row is gathered out of its panel, a few bytes from each of `columns` / 4 cache lines, and is
  /// then bit for bit what the stored table gives.
  package func embed(
    _ ids: [Int32], rowsOf matrix: PackedMatrix, into output: FloatRows, adding: Bool = false
  ) throws(ComputeError) {
    guard let type = matrix.storedType else {
      throw ComputeError("a matrix of \(matrix.kind) does not keep its rows; it is no table")
    }
    let columns = matrix.inputs
    try check(ids, rows: matrix.outputs)
    prepare(output, rows: ids.count, columns: columns, adding: adding)
    run(count: ids.count, cost: 16 * columns) { range in
      unsafe withUnsafeTemporaryAllocation(
        byteCount: type.rowBytes(columns), alignment: 64
      ) { row in
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { scratch in
          guard let row = row.baseAddress, let scratch = scratch.baseAddress else { return }
          for index in range {
            unsafe matrix.copyStored(row: Int(ids[index]), to: row)
            unsafe widen(row, type, into: output, index, columns, adding ? scratch : nil)
          }
        }
      }
    }
  }

  private func check(_ ids: [Int32], rows: Int) throws(ComputeError) {
    for id in ids where id < 0 || Int(id) >= rows {
      throw ComputeError("token \(id) is outside the embedding table of \(rows) rows")
    }
  }

  private func prepare(_ output: FloatRows, rows: Int, columns: Int, adding: Bool) {
    if adding {
      precondition(output.rows == rows && output.columns == columns)
    } else {
      output.reshape(rows: rows, columns: columns)
    }
  }

  /// - Parameter scratch: f32 [columns] where the row is added; nil where it is written.
  private func widen(
    _ row: UnsafeRawPointer, _ type: WeightType, into output: FloatRows, _ index: Int,
    _ columns: Int, _ scratch: UnsafeMutablePointer<Float>?
  ) {
    let target = unsafe output.pointer(row: index)
    unsafe kernels.pointee.widen(type.element, row, columns, scratch ?? target)
    guard let scratch = unsafe scratch else { return }
    for column in 0..<columns { unsafe target[column] += scratch[column] }
  }

  /// How the rows of a sequence become one.
  package enum Pooling: Sendable, Equatable {
    /// The mean of all its rows.
    case mean
    /// Its first row (CLS).
    case first
  }

  /// One row for each sequence; sequence i has rows `offsets[i]..<offsets[i + 1]`, at least one.
  package func pool(
    _ x: FloatRows, offsets: [Int32], _ pooling: Pooling, into output: FloatRows
  ) {
    checkOffsets(offsets, rows: x.rows)
    let sequences = offsets.count - 1
    let columns = x.columns
    output.reshape(rows: sequences, columns: columns)
    run(count: sequences, cost: columns * max(1, x.rows / max(1, sequences))) { range in
      for sequence in range {
        let first = Int(offsets[sequence])
        let last = Int(offsets[sequence + 1])
        let target = unsafe output.pointer(row: sequence)
        unsafe target.update(from: x.pointer(row: first), count: columns)
        if pooling == .mean {
          for row in first + 1..<last {
            let source = unsafe x.pointer(row: row)
            for column in 0..<columns { unsafe target[column] += source[column] }
          }
          let share = 1 / Float(last - first)
          for column in 0..<columns { unsafe target[column] *= share }
        }
      }
    }
  }

  /// Offsets ascend from 0 to `rows` and every sequence has a row.
  func checkOffsets(_ offsets: [Int32], rows: Int) {
    precondition(offsets.first == 0 && offsets.last.map(Int.init) == rows)
    for index in 1..<offsets.count { precondition(offsets[index] > offsets[index - 1]) }
  }
}
