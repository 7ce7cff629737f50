package import Bytes

/// A named array of numbers inside a mapped model file.
///
/// Shapes are row-major, outermost dimension first: the weight of a linear layer is
/// `[outputs, inputs]`, and its bytes are one row of `inputs` values per output. (GGUF writes
/// dimensions the other way round; they are turned on reading.)
package struct Tensor: Sendable {
  /// How one value, or one block of values, is stored; always little-endian.
  package enum ElementType: String, Sendable, CaseIterable {
    case f64 = "F64"
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    /// Blocks of 32 values of a row: a half-precision scale, then 32 signed bytes.
    case q8_0 = "Q8_0"
    case i64 = "I64"
    case i32 = "I32"
    case i16 = "I16"
    case i8 = "I8"
    case u8 = "U8"
    case bool = "BOOL"

    /// Values per block; a row is a whole number of blocks.
    package var blockLength: Int { self == .q8_0 ? 32 : 1 }

    /// Bytes of one block.
    package var blockSize: Int {
      switch self {
      case .f64, .i64: 8
      case .f32, .i32: 4
      case .f16, .bf16, .i16: 2
      case .i8, .u8, .bool: 1
      case .q8_0: 34
      }
    }
  }

  package let name: String
  package let shape: [Int]
  package let type: ElementType
  /// Exactly the values, keeping the file mapped. In safetensors files the address may be
  /// unaligned for the type; in GGUF files it is aligned to 32 bytes or what the file says.
  package let region: FileRegion

  package init(name: String, shape: [Int], type: ElementType, region: FileRegion) {
    self.name = name
    self.shape = shape
    self.type = type
    self.region = region
  }

  /// Values in all.
  package var elementCount: Int { shape.reduce(1, *) }

  /// Bytes that a tensor of this shape and type takes; nil where a dimension is negative, a row
  /// is no whole number of blocks, or the product overflows.
  package static func byteCount(shape: [Int], type: ElementType) -> Int? {
    guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
    let row = shape.last ?? 1
    guard row % type.blockLength == 0 else { return nil }
    var total = type.blockSize
    for dimension in shape.dropLast() + [row / type.blockLength] {
      let (product, overflow) = total.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      total = product
    }
    return total
  }
}
