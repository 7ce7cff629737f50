internal import Bytes
internal import Messages

/// Elements as bytes: little-endian, row by row, without gaps; byte strings each behind a length of
/// four bytes.
///
///     FP32 [2]      00 00 80 3f  00 00 00 40
///     BYTES [2]     02 00 00 00  h i  00 00 00 00
enum RawContents {
  /// - Parameter count: how many there must be: no more and no less.
  static func texts(_ bytes: [UInt8], count: Int) throws(ReadError) -> [String] {
    var reader = unsafe SpanReader(bytes.span.bytes)
    var texts: [String] = []
    // A text takes four bytes at least, whatever the shape says.
    texts.reserveCapacity(min(count, bytes.count / 4))
    for _ in 0..<count {
      let length: UInt32 = try reader.integer("the length of an element")
      texts.append(try reader.string(length, "an element"))
    }
    guard reader.remaining == 0 else {
      throw ReadError(
        offset: reader.offset, expected: "the end, as there are \(count) elements", available: nil)
    }
    return texts
  }

  /// Numbers of any type as floats.
  ///
  /// - Parameter bytes: whole elements.
  static func floats(_ bytes: [UInt8], _ type: Datatype) throws(ReadError) -> [Float] {
    switch type {
    case .fp32: try floats(bytes) { (bits: UInt32) in Float(bitPattern: bits) }
    case .fp64: try floats(bytes) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
    case .int8: try floats(bytes) { (value: Int8) in Float(value) }
    case .int16: try floats(bytes) { (value: Int16) in Float(value) }
    case .int32: try floats(bytes) { (value: Int32) in Float(value) }
    case .int64: try floats(bytes) { (value: Int64) in Float(value) }
    case .uint8: try floats(bytes) { (value: UInt8) in Float(value) }
    case .uint16: try floats(bytes) { (value: UInt16) in Float(value) }
    case .uint32: try floats(bytes) { (value: UInt32) in Float(value) }
    case .uint64: try floats(bytes) { (value: UInt64) in Float(value) }
    case .bool, .fp16, .bf16, .bytes: []
    }
  }

  private static func floats<Value: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: [UInt8], _ float: (Value) -> Float
  ) throws(ReadError) -> [Float] {
    var reader = unsafe SpanReader(bytes.span.bytes)
    let count = bytes.count / MemoryLayout<Value>.size
    var floats: [Float] = []
    floats.reserveCapacity(count)
    for _ in 0..<count { floats.append(float(try reader.integer("an element"))) }
    return floats
  }

  // MARK: Writing

  static func bytes(_ floats: [Float]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * floats.count)
    for value in floats { bytes.append(littleEndian: value.bitPattern) }
    return bytes
  }

  static func bytes(_ tensor: ApusV1.Tensor) -> [UInt8] {
    switch tensor.dataType {
    case .fp32: bytes(tensor.floats)
    case .fp64: bytes(tensor.doubles.map(\.bitPattern))
    case .bool, .int8: tensor.ints.map { UInt8(truncatingIfNeeded: $0) }
    case .int16: bytes(tensor.ints.map { Int16(truncatingIfNeeded: $0) })
    case .int32: bytes(tensor.ints)
    case .int64: bytes(tensor.longs)
    case .uint8: tensor.uints.map { UInt8(truncatingIfNeeded: $0) }
    case .uint16: bytes(tensor.uints.map { UInt16(truncatingIfNeeded: $0) })
    case .uint32: bytes(tensor.uints)
    case .uint64: bytes(tensor.ulongs)
    case .bytes:
      tensor.byteStrings.flatMap { text in
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt32(clamping: text.count))
        return bytes + text
      }
    case .fp16, .bf16, .unspecified, .unrecognized: tensor.raw
    }
  }

  private static func bytes(_ numbers: [some FixedWidthInteger]) -> [UInt8] {
    var bytes: [UInt8] = []
    for number in numbers {
      for place in stride(from: 0, to: number.bitWidth, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> place))
      }
    }
    return bytes
  }

  static func bytes(_ texts: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    for text in texts {
      bytes.append(littleEndian: UInt32(clamping: text.utf8.count))
      bytes.append(utf8: text)
    }
    return bytes
  }
}
