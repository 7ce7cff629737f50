internal import CKernels

extension Processor {
  /// Appends the rows as Q8_0 blocks: for each 32 values an f16 scale and 32 int8.
  ///
  /// - Parameter x: columns a multiple of 32.
  package func appendBlocks(of x: FloatRows, to bytes: inout [UInt8]) {
    let columns = x.columns
    let blocks = columns / CK_Q8_BLOCK
    precondition(columns % CK_Q8_BLOCK == 0)
    var values = [Int8](repeating: 0, count: columns)
    var scales = [Float](repeating: 0, count: blocks)
    var sums = [Int32](repeating: 0, count: blocks)
    for row in 0..<x.rows {
      unsafe kernels.pointee.quantize_blocks(
        x.pointer(row: row), columns, &values, &scales, &sums)
      for block in 0..<blocks {
        let scale = Float16(scales[block]).bitPattern
        bytes.append(UInt8(truncatingIfNeeded: scale))
        bytes.append(UInt8(truncatingIfNeeded: scale >> 8))
        for index in 0..<CK_Q8_BLOCK {
          bytes.append(UInt8(bitPattern: values[block * CK_Q8_BLOCK + index]))
        }
      }
    }
  }
}
