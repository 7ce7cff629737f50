internal import CKernels

/// How a tensor's values are stored in a model file; little-endian, at any alignment.
package enum WeightType: Sendable, Equatable {
  case f32
  case f16
  case bf16
  /// Blocks of 32 values along a row: an f16 scale, then 32 int8.
  case q8_0

  /// Values that a row must be a multiple of.
  package var blockLength: Int { self == .q8_0 ? CK_Q8_BLOCK : 1 }

  /// Bytes of a row of `count` values.
  package func rowBytes(_ count: Int) -> Int { ck_row_bytes(element, count) }

  /// Whether none of the values stored in `bytes` is infinite or NaN.
  package func isFinite(_ bytes: RawSpan) -> Bool {
    unsafe bytes.withUnsafeBytes { source in
      guard let source = source.baseAddress else { return true }
      return unsafe ck_is_finite(
        element, source, bytes.byteCount / rowBytes(blockLength) * blockLength)
    }
  }

  var element: ck_element {
    switch self {
    case .f32: CK_F32
    case .f16: CK_F16
    case .bf16: CK_BF16
    case .q8_0: CK_Q8_0
    }
  }
}
