internal import CKernels

/// The input of linear layers: rows of floats, quantized at most once in each form that a matrix
/// needs.
///
/// Query, key and value matrices share one; set new rows with `load`.
@safe
package final class Activations {
  private(set) var source: FloatRows?
  private let perRow: QuantizedRows
  private let perBlock: QuantizedRows

  /// - Parameter pool: where the memory of quantized rows comes from.
  package init(pool: MemoryPool? = nil) {
    perRow = QuantizedRows(pool: pool)
    perBlock = QuantizedRows(pool: pool)
  }

  /// Takes `rows` as the next input. They are read at the first product of each form and must not
  /// change before the last.
  package func load(_ rows: FloatRows) {
    source = rows
    perRow.isCurrent = false
    perBlock.isCurrent = false
  }

  /// The loaded rows as `int8PerOutput` matrices take them, quantized on first use.
  package func quantizedPerRow(_ processor: Processor) -> QuantizedRows {
    guard let source, !perRow.isCurrent else { return perRow }
    perRow.reshape(rows: source.rows, columns: source.columns, blocks: 1)
    let target = perRow
    processor.run(count: source.rows, cost: source.columns) { range in
      for row in range {
        unsafe processor.kernels.pointee.quantize_row(
          source.pointer(row: row), source.columns, target.stride, target.values(row: row),
          target.scales(row: row), target.shifts(row: row), target.sums(row: row))
      }
    }
    perRow.isCurrent = true
    return perRow
  }

  /// The loaded rows as `int8PerBlock` matrices take them, quantized on first use.
  package func quantizedPerBlock(_ processor: Processor) -> QuantizedRows {
    guard let source, !perBlock.isCurrent else { return perBlock }
    perBlock.reshape(
      rows: source.rows, columns: source.columns, blocks: source.columns / CK_Q8_BLOCK)
    let target = perBlock
    processor.run(count: source.rows, cost: source.columns) { range in
      for row in range {
        unsafe processor.kernels.pointee.quantize_blocks(
          source.pointer(row: row), source.columns, target.values(row: row),
          target.scales(row: row), target.sums(row: row))
      }
    }
    perBlock.isCurrent = true
    return perBlock
  }
}

/// Rows quantized to int8: whole rows with a scale, a shift and a sum, or blocks of 32,
/// symmetrically, with a scale and a sum each.
@safe
package final class QuantizedRows {
  private var memory: AlignedMemory
  private(set) var rows = 0
  package private(set) var columns = 0
  /// Scales and sums in a row.
  package private(set) var blocks = 0
  private var scalesAt = 0
  private var sumsAt = 0
  private var shiftsAt = 0
  /// False until the loaded rows have been quantized.
  var isCurrent = false

  init(pool: MemoryPool?) { memory = AlignedMemory(count: 0, pool: pool) }

  /// Bytes between rows.
  var stride: Int { (columns + 63) / 64 * 64 }

  func reshape(rows: Int, columns: Int, blocks: Int) {
    self.rows = rows
    self.columns = columns
    self.blocks = blocks
    scalesAt = rows * stride
    sumsAt = scalesAt + (rows * blocks * 4 + 63) / 64 * 64
    shiftsAt = sumsAt + (rows * blocks * 4 + 63) / 64 * 64
    memory.reserve(shiftsAt + rows * 4)
  }

  /// s8 [rows × columns], row stride `stride`, zero between columns and stride.
  package func values(row: Int) -> UnsafeMutablePointer<Int8> {
    unsafe (memory.base + row * stride).assumingMemoryBound(to: Int8.self)
  }

  /// f32 [rows × blocks], without gaps.
  package func scales(row: Int) -> UnsafeMutablePointer<Float> {
    unsafe (memory.base + scalesAt).assumingMemoryBound(to: Float.self) + row * blocks
  }

  /// f32 [rows]: what 0 stands for, in rows quantized as a whole.
  package func shifts(row: Int) -> UnsafeMutablePointer<Float> {
    unsafe (memory.base + shiftsAt).assumingMemoryBound(to: Float.self) + row
  }

  /// s32 [rows × blocks], without gaps: sums of the quantized values.
  package func sums(row: Int) -> UnsafeMutablePointer<Int32> {
    unsafe (memory.base + sumsAt).assumingMemoryBound(to: Int32.self) + row * blocks
  }
}
