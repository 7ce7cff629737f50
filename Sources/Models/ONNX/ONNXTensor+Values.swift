internal import Bytes

extension ONNXTensor {
  /// All values as 32-bit floats; nil for types other than float, double, float16 and bfloat16.
  ///
  /// The plain reading, for what is small; large weights are repacked from `data`.
  package func floats() -> [Float]? {
    switch elementType {
    case .float: each(UInt32.self) { Float(bitPattern: $0) }
    case .double: each(UInt64.self) { Float(Double(bitPattern: $0)) }
    case .float16: each(UInt16.self) { Float(Float16(bitPattern: $0)) }
    case .bfloat16: each(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    default: nil
    }
  }

  /// All values as integers; nil for types that are none (truth values count as 0 and 1), and
  /// where a uint64 is larger than any Int64.
  package func int64s() -> [Int64]? {
    switch elementType {
    case .int64: return each(Int64.self) { $0 }
    case .int32: return each(Int32.self) { Int64($0) }
    case .int16: return each(Int16.self) { Int64($0) }
    case .int8: return each(Int8.self) { Int64($0) }
    case .uint32: return each(UInt32.self) { Int64($0) }
    case .uint16: return each(UInt16.self) { Int64($0) }
    case .uint8: return each(UInt8.self) { Int64($0) }
    case .bool: return each(UInt8.self) { $0 == 0 ? 0 : 1 }
    case .uint4: return each4 { Int64($0) }
    case .int4: return each4 { Int64(Int8(bitPattern: $0 << 4) >> 4) }
    case .uint64:
      let values = each(UInt64.self) { Int64(exactly: $0) ?? -1 }
      return values.contains(-1) ? nil : values
    default: return nil
    }
  }

  /// All values as truth values; nil for other types.
  package func bools() -> [Bool]? {
    elementType == .bool ? each(UInt8.self) { $0 != 0 } : nil
  }

  private func each<Bits: FixedWidthInteger & BitwiseCopyable, Value>(
    _: Bits.Type, _ value: (Bits) -> Value
  ) -> [Value] {
    let (bytes, size) = (data.bytes, MemoryLayout<Bits>.size)
    var values: [Value] = []
    values.reserveCapacity(elementCount)
    for index in 0..<min(elementCount, bytes.byteCount / size) {
      let bits = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: size * index, as: Bits.self)
      values.append(value(Bits(littleEndian: bits)))
    }
    return values
  }

  /// Two values a byte, the first in its lower half.
  private func each4<Value>(_ value: (UInt8) -> Value) -> [Value] {
    let bytes = data.bytes
    var values: [Value] = []
    values.reserveCapacity(elementCount)
    for index in 0..<min(elementCount, 2 * bytes.byteCount) {
      let pair = unsafe bytes.unsafeLoad(fromByteOffset: index / 2, as: UInt8.self)
      values.append(value(index % 2 == 0 ? pair & 0xF : pair >> 4))
    }
    return values
  }
}
