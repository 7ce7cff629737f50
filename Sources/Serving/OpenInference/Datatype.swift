internal import Messages

/// The types of elements that the Open Inference Protocol knows, by the names they have there.
enum Datatype: String, Sendable {
  case bool = "BOOL"
  case uint8 = "UINT8"
  case uint16 = "UINT16"
  case uint32 = "UINT32"
  case uint64 = "UINT64"
  case int8 = "INT8"
  case int16 = "INT16"
  case int32 = "INT32"
  case int64 = "INT64"
  case fp16 = "FP16"
  case bf16 = "BF16"
  case fp32 = "FP32"
  case fp64 = "FP64"
  case bytes = "BYTES"

  /// Bytes of an element in raw contents; nil where each says its own.
  var size: Int? {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .fp16, .bf16: 2
    case .uint32, .int32, .fp32: 4
    case .uint64, .int64, .fp64: 8
    case .bytes: nil
    }
  }

  /// The list of typed contents that holds its elements; nil where there is none.
  var list: String? {
    switch self {
    case .bool: "bool_contents"
    case .uint8, .uint16, .uint32: "uint_contents"
    case .uint64: "uint64_contents"
    case .int8, .int16, .int32: "int_contents"
    case .int64: "int64_contents"
    case .fp32: "fp32_contents"
    case .fp64: "fp64_contents"
    case .bytes: "bytes_contents"
    case .fp16, .bf16: nil
    }
  }

  /// Those that rows of features may have.
  var isNumber: Bool {
    switch self {
    case .bool, .bytes, .fp16, .bf16: false
    default: true
    }
  }
}

extension OpenInference.InferTensorContents {
  /// How many elements each list holds.
  var counts: [(list: String, count: Int)] {
    [
      ("bool_contents", boolContents.count), ("int_contents", intContents.count),
      ("int64_contents", int64Contents.count), ("uint_contents", uintContents.count),
      ("uint64_contents", uint64Contents.count), ("fp32_contents", fp32Contents.count),
      ("fp64_contents", fp64Contents.count), ("bytes_contents", bytesContents.count),
    ]
  }
}

extension OpenInference.InferTensorContents {
  /// The elements of tensors of one type, one after the other.
  init(_ rows: [ApusV1.Tensor]) {
    let isTruth = rows.first?.dataType == .bool
    let ints = rows.flatMap(\.ints)
    self.init(
      boolContents: isTruth ? ints.map { $0 != 0 } : [], intContents: isTruth ? [] : ints,
      int64Contents: rows.flatMap(\.longs), uintContents: rows.flatMap(\.uints),
      uint64Contents: rows.flatMap(\.ulongs), fp32Contents: rows.flatMap(\.floats),
      fp64Contents: rows.flatMap(\.doubles), bytesContents: rows.flatMap(\.byteStrings))
  }
}
