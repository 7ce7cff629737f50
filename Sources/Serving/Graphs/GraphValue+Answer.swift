internal import Inference
internal import Messages
internal import Models

// What a graph gives, as callers get it.

extension GraphTensor {
  /// Floats of less than 32 bits become FP32.
  var answer: ApusV1.Tensor {
    get throws {
      var answer = ApusV1.Tensor()
      answer.shape = shape.map { Int64($0) }
      guard let dataType = ApusV1.Tensor.DataType(elementType) else {
        throw GraphError("\(elementType.name) is no type that callers can be given")
      }
      answer.dataType = dataType
      switch elementType {
      case .string: answer.byteStrings = strings
      case .double: answer.doubles = values(Double.self).array
      case .float: answer.floats = values(Float.self).array
      case .int64: answer.longs = values(Int64.self).array
      case .int32: answer.ints = values(Int32.self).array
      case .uint64: answer.ulongs = values(UInt64.self).array
      case .uint32: answer.uints = values(UInt32.self).array
      case .uint16: answer.uints = values(UInt16.self).array.map { UInt32($0) }
      case .uint8, .uint4, .uint2: answer.uints = values(UInt8.self).array.map { UInt32($0) }
      case .int16: answer.ints = values(Int16.self).array.map { Int32($0) }
      case .int8, .int4, .int2: answer.ints = values(Int8.self).array.map { Int32($0) }
      case .bool: answer.ints = values(UInt8.self).array.map { Int32($0) }
      default: answer.floats = try floats()
      }
      return answer
    }
  }

  /// All elements as floats; nothing of texts.
  func floats() throws -> [Float] {
    if elementType == .string { throw GraphError("texts where numbers are expected") }
    return try converted(to: .float, payer ?? MemoryBudget()).values(Float.self).array
  }

  /// The element at `index` as a label: a text, or a number as people write it.
  func label(at index: Int) throws -> String {
    guard index < count else { throw GraphError("no label where one is expected") }
    if elementType == .string { return String(decoding: strings[index], as: UTF8.self) }
    return String(try ints()[index])
  }
}

extension GraphValue {
  /// A tensor, or the values of a map that stands alone in a sequence, as a ZipMap gives it.
  var tensor: GraphTensor? {
    switch self {
    case .tensor(let tensor): tensor
    case .map(_, let values): values.reshaped([1, values.count])
    case .sequence(let values) where values.count == 1: values[0].tensor
    case .sequence, .images, .none: nil
    }
  }

  /// Adds what it holds, under its name, or its name and place in a sequence.
  func add(to tensors: inout [String: ApusV1.Tensor], as name: String) throws {
    if let tensor {
      tensors[name] = try tensor.answer
    } else if case .sequence(let values) = self {
      for (index, value) in values.enumerated() {
        try value.add(to: &tensors, as: "\(name):\(index)")
      }
    }
  }
}
