internal import Batching
internal import Bytes
internal import Inference
internal import Messages
internal import Models

/// The elements of a tensor that a caller sent, checked to be as many as its shape says.
struct TensorElements {
  let tensor: ApusV1.Tensor
  /// What errors call it: `instances[0].tensors.x`.
  let field: String

  /// - Parameters:
  ///   - type: what the graph takes.
  ///   - shape: of one instance, which has been checked.
  func graphTensor(
    _ type: ONNXElementType, _ shape: [Int], _ budget: MemoryBudget
  ) throws(Status) -> GraphTensor {
    let given = tensor.dataType.elementType ?? type
    let made = try make(given, shape, budget)
    return try taking { try made.converted(to: type, budget) }
  }

  private func make(
    _ type: ONNXElementType, _ shape: [Int], _ budget: MemoryBudget
  ) throws(Status) -> GraphTensor {
    let count = try taking { try GraphTensor.count(shape, limit: budget.elementLimit) }
    try checkLists(count)
    if type == .string { return try texts(count, shape, budget) }
    if !tensor.raw.isEmpty {
      return try taking { try GraphTensor.make(type, shape, bytes: tensor.raw, budget) }
    }
    return try taking {
      switch type {
      case .float: try tensor.floats.tensor(type, shape, budget) { $0 }
      case .double: try tensor.doubles.tensor(type, shape, budget) { $0 }
      case .bool: try tensor.ints.tensor(type, shape, budget) { UInt8($0 == 0 ? 0 : 1) }
      case .int8: try tensor.ints.tensor(type, shape, budget) { try whole($0, Int8.self) }
      case .int16: try tensor.ints.tensor(type, shape, budget) { try whole($0, Int16.self) }
      case .int32: try tensor.ints.tensor(type, shape, budget) { $0 }
      case .int64: try tensor.longs.tensor(type, shape, budget) { $0 }
      case .uint8: try tensor.uints.tensor(type, shape, budget) { try whole($0, UInt8.self) }
      case .uint16: try tensor.uints.tensor(type, shape, budget) { try whole($0, UInt16.self) }
      case .uint32: try tensor.uints.tensor(type, shape, budget) { $0 }
      case .uint64: try tensor.ulongs.tensor(type, shape, budget) { $0 }
      default: throw GraphError("\(type.name) is taken in `raw` alone")
      }
    }
  }

  /// The same tensor with as many elements as there must be; raw texts become byte strings.
  func unpacked(count: Int) throws(Status) -> ApusV1.Tensor {
    try checkLists(count)
    guard tensor.dataType == .bytes, !tensor.raw.isEmpty else { return tensor }
    var unpacked = tensor
    unpacked.byteStrings = try strings(count)
    unpacked.raw = []
    return unpacked
  }

  private func whole<Source: BinaryInteger, Number: FixedWidthInteger>(
    _ value: Source, _: Number.Type
  ) throws -> Number {
    guard let number = Number(exactly: value) else {
      throw GraphError(
        "expected \(Number.min) to \(Number.max) as \(tensor.dataType.name) has it, got \(value)")
    }
    return number
  }

  /// One of the lists has exactly the elements, or `raw` their bytes.
  private func checkLists(_ count: Int) throws(Status) {
    let lists = [
      ("floats", tensor.floats.count), ("doubles", tensor.doubles.count),
      ("ints", tensor.ints.count), ("longs", tensor.longs.count), ("uints", tensor.uints.count),
      ("ulongs", tensor.ulongs.count), ("byte_strings", tensor.byteStrings.count),
    ]
    let wanted = tensor.dataType.list
    if !tensor.raw.isEmpty {
      if let other = lists.first(where: { $0.1 > 0 }) {
        throw Validation.invalid("\(field).\(other.0)", "there is `raw` too; give one of the two")
      }
      guard let size = tensor.dataType.elementType?.size else { return }
      guard tensor.raw.count == count * size else {
        throw Validation.invalid(
          "\(field).raw",
          "expected \(count) elements of \(size) bytes as the shape says, got "
            + "\(tensor.raw.count) bytes")
      }
      return
    }
    if let other = lists.first(where: { $0.1 > 0 && $0.0 != wanted }) {
      throw Validation.invalid(
        "\(field).\(other.0)",
        "elements of \(tensor.dataType.name) stand in \(wanted.map { "\($0) or raw" } ?? "raw")")
    }
    let given = lists.first { $0.0 == wanted }?.1 ?? 0
    guard given == count else {
      throw Validation.invalid(
        "\(field).\(wanted ?? "raw")",
        "expected \(count) elements as the shape says, got \(given)")
    }
  }

  private func texts(
    _ count: Int, _ shape: [Int], _ budget: MemoryBudget
  ) throws(Status) -> GraphTensor {
    let strings = try strings(count)
    return try taking { try GraphTensor(strings: strings, shape, budget) }
  }

  private func strings(_ count: Int) throws(Status) -> [[UInt8]] {
    if tensor.raw.isEmpty { return tensor.byteStrings }
    do throws(ReadError) {
      return try RawContents.texts(tensor.raw, count: count).map { Array($0.utf8) }
    } catch {
      throw Validation.invalid("\(field).raw", error.description)
    }
  }

  /// What is wrong with the elements is the caller's; that there is no room is not.
  private func taking<Value>(_ body: () throws -> Value) throws(Status) -> Value {
    do {
      return try body()
    } catch {
      throw Status(ofInput: error, field)
    }
  }
}

extension Status {
  /// Why a graph's input could not be made of what a caller sent.
  init(ofInput error: any Error, _ field: String) {
    guard let error = error as? GraphError, error.bound == .memory else {
      self.init(.invalidArgument, "\(field): \(error)")
      return
    }
    self.init(
      .resourceExhausted,
      "the inputs that wait for this model take all the memory they may (graph_memory in "
        + "model.yaml); retry later")
    addRetryAdvice(RetryAdvice.unmeasured)
  }
}

extension ApusV1.Tensor.DataType {
  /// The list that holds its elements; nil where only `raw` does.
  fileprivate var list: String? {
    switch self {
    case .fp32: "floats"
    case .fp64: "doubles"
    case .bool, .int8, .int16, .int32: "ints"
    case .int64: "longs"
    case .uint8, .uint16, .uint32: "uints"
    case .uint64: "ulongs"
    case .bytes: "byte_strings"
    case .fp16, .bf16, .unspecified, .unrecognized: nil
    }
  }
}

extension Array {
  /// - Parameter shape: of as many elements as there are.
  fileprivate func tensor<Value: BitwiseCopyable>(
    _ type: ONNXElementType, _ shape: [Int], _ budget: MemoryBudget,
    _ value: (Element) throws -> Value
  ) throws -> GraphTensor {
    try GraphTensor.filled(type, shape, of: Value.self, budget) { span in
      for index in span.indices { span[index] = try value(self[index]) }
    }
  }
}
