/// What one element of a tensor is; the numbers are those of the format (TensorProto.DataType).
///
/// All that the format knows have a name here. Which of them are computed with is `ONNXSupport`'s.
package enum ONNXElementType: Int32, Sendable, CaseIterable {
  case float = 1
  case uint8, int8, uint16, int16, int32, int64, string, bool, float16, double, uint32, uint64
  case complex64, complex128, bfloat16
  case float8e4m3fn, float8e4m3fnuz, float8e5m2, float8e5m2fnuz
  case uint4, int4, float4e2m1, float8e8m0, uint2, int2, float6e2m3, float6e3m2

  /// As the format's texts call it: `float16`.
  package var name: String { "\(self)" }

  /// Bits of one element; nil for texts, which have their own lengths. Elements of less than a byte
  /// lie close, the first one in the lowest bits.
  package var bits: Int? {
    switch self {
    case .string: nil
    case .complex128: 128
    case .int64, .uint64, .double, .complex64: 64
    case .float, .int32, .uint32: 32
    case .uint16, .int16, .float16, .bfloat16: 16
    case .uint8, .int8, .bool: 8
    case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0: 8
    case .float6e2m3, .float6e3m2: 6
    case .uint4, .int4, .float4e2m1: 4
    case .uint2, .int2: 2
    }
  }

  /// Bytes of one element; nil for texts and where several elements share a byte.
  package var size: Int? { bits.flatMap { $0 % 8 == 0 ? $0 / 8 : nil } }

  /// Bytes that so many elements take; nil for texts, and where no number holds it.
  package func byteCount(of count: Int) -> Int? {
    guard count >= 0, let bits else { return nil }
    let (whole, rest) = count.quotientAndRemainder(dividingBy: 8)
    let (bytes, overflow) = whole.multipliedReportingOverflow(by: bits)
    let (total, carried) = bytes.addingReportingOverflow((rest * bits + 7) / 8)
    return overflow || carried ? nil : total
  }
}
