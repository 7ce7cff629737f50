package import Bytes

/// One value of a GGUF file's metadata.
package enum GGUFValue: Sendable {
  case integer(Int64)
  /// Only values that no `Int64` holds.
  case unsigned(UInt64)
  case real(Double)
  case boolean(Bool)
  case string(String)
  case array(GGUFArray)

  /// For messages.
  package var typeName: String {
    switch self {
    case .integer, .unsigned: "an integer"
    case .real: "a real number"
    case .boolean: "a boolean"
    case .string: "a string"
    case .array(let array): "an array of \(array.elementType)"
    }
  }
}

/// An array of a GGUF file's metadata, left in the file: its extent is checked, its elements are
/// read when asked for.
package struct GGUFArray: Sendable {
  package let elementType: GGUFType
  package let count: Int
  /// The elements, one after the other.
  package let region: FileRegion
}

/// Types of metadata values, with their numbers in the file.
package enum GGUFType: UInt32, Sendable {
  case uint8 = 0
  case int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

  /// Bytes of one value; nil where it differs from value to value.
  var size: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .string, .array: nil
    }
  }

  /// Fewest bytes one value can take.
  var leastSize: Int { size ?? (self == .string ? 8 : 12) }
}

/// The numbers of tensor types in ggml; those without an element type are named in errors only.
enum GGMLType {
  static func elementType(_ number: UInt32) -> Tensor.ElementType? {
    switch number {
    case 0: .f32
    case 1: .f16
    case 8: .q8_0
    case 30: .bf16
    default: nil
    }
  }

  static func name(_ number: UInt32) -> String {
    number < names.count ? names[Int(number)] : "number \(number), which ggml does not know"
  }

  private static let names = [
    "F32", "F16", "Q4_0", "Q4_1", "Q4_2 (removed)", "Q4_3 (removed)", "Q5_0", "Q5_1", "Q8_0",
    "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS",
    "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16", "I32", "I64", "F64", "IQ1_M",
    "BF16", "Q4_0_4_4 (removed)", "Q4_0_4_8 (removed)", "Q4_0_8_8 (removed)", "TQ1_0", "TQ2_0",
    "IQ4_NL_4_4 (removed)", "IQ4_NL_4_8 (removed)", "IQ4_NL_8_8 (removed)", "MXFP4",
  ]
}
