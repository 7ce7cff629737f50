internal import Bytes

/// A tensor's field with values as protobuf writes numbers, by the field's number.
enum NumberList: Int {
  case floats = 4
  case int32s = 5
  case int64s = 7
  case doubles = 10
  case uint64s = 11

  init?(field: Int) { self.init(rawValue: field) }

  /// Whether the numbers have no fixed length, so that they are never bytes of a tensor.
  var isVarint: Bool { self == .int32s || self == .int64s || self == .uint64s }

  func holds(_ type: ONNXElementType) -> Bool {
    switch self {
    case .floats: type == .float || type == .complex64
    case .doubles: type == .double || type == .complex128
    case .int64s: type == .int64
    case .uint64s: type == .uint64 || type == .uint32
    case .int32s: Self.range(type) != nil
    }
  }

  /// What an int32 may be that stands for an element or, of those that share a byte, for a byte of
  /// them; nil where int32s cannot stand for the type.
  private static func range(_ type: ONNXElementType) -> ClosedRange<Int64>? {
    switch type {
    case .int32: -0x8000_0000...0x7FFF_FFFF
    case .int16: -0x8000...0x7FFF
    case .int8: -0x80...0x7F
    case .uint16, .float16, .bfloat16: 0...0xFFFF
    case .uint8, .bool: 0...0xFF
    case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0: 0...0xFF
    // Some programs write the byte as a signed one.
    case .uint4, .int4, .float4e2m1, .uint2, .int2: -0x80...0xFF
    case .float, .double, .int64, .uint32, .uint64, .string, .complex64, .complex128, .float6e2m3,
      .float6e3m2:
      nil
    }
  }

  /// Writes the numbers of one packed list, or one number, as a tensor's bytes.
  func append(
    _ range: Range<Int>, of file: RawSpan, as type: ONNXElementType, to bytes: inout [UInt8]
  ) throws(ONNXProblem) {
    guard isVarint else {
      unsafe file.extracting(range).withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
      return
    }
    let allowed: ClosedRange<Int64>? =
      switch self {
      case .int32s: Self.range(type)
      case .uint64s where type == .uint32: 0...0xFFFF_FFFF
      default: nil
      }
    let size = type.size ?? 1
    var reader = WireReader(file, range)
    do throws(ReadError) {
      while let number = try reader.number() {
        let value =
          self == .int32s ? Int64(Int32(truncatingIfNeeded: number)) : Int64(bitPattern: number)
        guard allowed?.contains(value) ?? true else {
          throw ReadError(
            offset: reader.offset, expected: "a number that \(type.name) holds, found \(value)",
            available: nil)
        }
        for index in 0..<size {
          bytes.append(UInt8(truncatingIfNeeded: value >> Int64(8 * index)))
        }
      }
    } catch { throw ONNXProblem(.malformed, "\(error)") }
  }
}
