internal import Inference
internal import Messages
internal import Models

// Inputs and outputs of graphs in the contract's words.

extension GraphSignature.Port {
  /// As callers send it and get it: floats of less than 32 bits are FP32 for them. So is what a
  /// ZipMap gives, and what nothing is known of.
  var dataType: ApusV1.Tensor.DataType { type.flatMap { ApusV1.Tensor.DataType($0) } ?? .fp32 }

  /// The sizes that programs are told; -1 stands for any.
  ///
  /// - Parameter rows: the first dimension counts instances.
  func wireShape(rows: Bool) -> [Int64] {
    guard let shape else { return [-1] }
    let sizes = shape.map { if case .fixed(let size) = $0 { Int64(size) } else { Int64(-1) } }
    return rows && !sizes.isEmpty ? [-1] + sizes.dropFirst() : sizes
  }

  /// The same for people: `[N, 5]` by the names that the graph has, or `[any, 5]`.
  func shownShape(rows: Bool) -> String {
    let sizes = (shape ?? [.unknown]).enumerated().map { index, size in
      switch size {
      case .symbolic(let name) where !name.isEmpty: Validation.shown(name)
      case .fixed(let size) where !rows || index > 0: "\(size)"
      default: "any"
      }
    }
    return "[" + sizes.joined(separator: ", ") + "]"
  }

  /// `x` (FP32 [N, 5])
  func shown(rows: Bool) -> String {
    let sizes = shape == nil ? "of any shape" : shownShape(rows: rows)
    return "`\(Validation.shown(name))` (\(dataType.name) \(sizes))"
  }

  /// What a shape of one instance becomes: with the 1 before it that it may lack; nil where it does
  /// not fit.
  func instanceShape(_ given: [Int], rows: Bool) -> [Int]? {
    guard let shape else { return given.contains(0) ? nil : given }
    var whole = given
    if rows, whole.count == shape.count - 1 { whole.insert(1, at: 0) }
    guard whole.count == shape.count, !rows || whole.first == 1 else { return nil }
    for (index, (size, dimension)) in zip(whole, shape).enumerated() where !(rows && index == 0) {
      if case .fixed(let fixed) = dimension {
        if size != fixed { return nil }
      } else if size < 1 {
        return nil
      }
    }
    return whole
  }
}

extension ApusV1.TensorInfo {
  init(_ port: GraphSignature.Port, rows: Bool) {
    self.init(name: port.name, dataType: port.dataType, shape: port.wireShape(rows: rows))
  }
}

extension ApusV1.Tensor.DataType {
  /// nil for types that callers cannot be given.
  init?(_ type: ONNXElementType) {
    switch type {
    case .bool: self = .bool
    case .uint8, .uint4, .uint2: self = .uint8
    case .uint16: self = .uint16
    case .uint32: self = .uint32
    case .uint64: self = .uint64
    case .int8, .int4, .int2: self = .int8
    case .int16: self = .int16
    case .int32: self = .int32
    case .int64: self = .int64
    case .double: self = .fp64
    case .string: self = .bytes
    case .float, .float16, .bfloat16, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2,
      .float8e5m2fnuz, .float4e2m1:
      self = .fp32
    default: return nil
    }
  }

  /// What a tensor of this type is to a graph.
  var elementType: ONNXElementType? {
    switch self {
    case .bool: .bool
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .fp16: .float16
    case .bf16: .bfloat16
    case .fp32: .float
    case .fp64: .double
    case .bytes: .string
    case .unspecified, .unrecognized: nil
    }
  }

  /// As the contract and the Open Inference Protocol call it.
  var name: String {
    switch self {
    case .bool: "BOOL"
    case .uint8: "UINT8"
    case .uint16: "UINT16"
    case .uint32: "UINT32"
    case .uint64: "UINT64"
    case .int8: "INT8"
    case .int16: "INT16"
    case .int32: "INT32"
    case .int64: "INT64"
    case .fp16: "FP16"
    case .bf16: "BF16"
    case .fp32: "FP32"
    case .fp64: "FP64"
    case .bytes: "BYTES"
    case .unspecified, .unrecognized: "no type"
    }
  }
}
