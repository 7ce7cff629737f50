internal import Bytes

extension Tensor {
  /// All values as 32-bit floats, row-major; nil for integer types.
  ///
  /// This is the plain reading of each format, for small tensors (norms, biases) and for tests;
  /// large ones are repacked from `region` by Compute.
  package func floats() -> [Float]? {
    let bytes = region.bytes
    var values: [Float] = []
    values.reserveCapacity(elementCount)
    switch type {
    case .f32:
      for index in 0..<elementCount { values.append(Float(bitPattern: load(bytes, 4 * index))) }
    case .f64:
      for index in 0..<elementCount {
        values.append(Float(Double(bitPattern: load(bytes, 8 * index))))
      }
    case .f16:
      for index in 0..<elementCount {
        values.append(Float(Float16(bitPattern: load(bytes, 2 * index))))
      }
    case .bf16:
      for index in 0..<elementCount {
        let bits: UInt16 = load(bytes, 2 * index)
        values.append(Float(bitPattern: UInt32(bits) << 16))
      }
    case .q8_0:
      for block in 0..<elementCount / type.blockLength {
        let start = block * type.blockSize
        let scale = Float(Float16(bitPattern: load(bytes, start)))
        for index in 0..<type.blockLength {
          let value: Int8 = load(bytes, start + 2 + index)
          values.append(scale * Float(value))
        }
      }
    case .i64, .i32, .i16, .i8, .u8, .bool: return nil
    }
    return values
  }
}

private func load<Bits: FixedWidthInteger & BitwiseCopyable>(
  _ bytes: RawSpan, _ offset: Int
) -> Bits {
  unsafe Bits(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Bits.self))
}
