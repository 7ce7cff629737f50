internal import Compute
internal import Models

/// What flows between the nodes of a graph.
package indirect enum GraphValue: Sendable {
  case tensor(GraphTensor)
  /// Between quantized operators; no operator of ONNX takes it.
  case images(GraphImages)
  case sequence([GraphValue])
  /// A map's keys and values, in the order of the keys' first mention; both have one dimension.
  case map(keys: GraphTensor, values: GraphTensor)
  /// An optional value that is not there.
  case none
}

/// The inputs of a node.
package struct GraphInputs {
  package var values: [GraphValue?]

  package init(_ values: [GraphValue?]) { self.values = values }

  var count: Int { values.count }

  func value(_ index: Int) throws -> GraphValue {
    guard index < values.count, let value = values[index] else {
      throw GraphError("input \(index) is missing")
    }
    return value
  }

  func tensor(_ index: Int) throws -> GraphTensor {
    guard case .tensor(let tensor) = try value(index) else {
      throw GraphError("input \(index) is no tensor")
    }
    return tensor
  }

  func images(_ index: Int) throws -> ByteImages {
    guard case .images(let images) = try value(index) else {
      throw GraphError("input \(index) are no images of bytes")
    }
    return images.bytes
  }

  func optional(_ index: Int) throws -> GraphTensor? {
    guard index < values.count, values[index] != nil else { return nil }
    return try tensor(index)
  }

  /// A tensor of this type.
  func tensor(_ index: Int, _ type: ONNXElementType) throws -> GraphTensor {
    try tensor(index).checked(type, "input \(index)")
  }

  /// The one truth value that an input holds.
  func truth(_ index: Int) throws -> Bool? {
    guard let tensor = try optional(index)?.checked(.bool, "input \(index)") else { return nil }
    guard tensor.count == 1 else { throw GraphError("input \(index) must be one truth value") }
    return tensor.values(UInt8.self)[0] != 0
  }

  func sequence(_ index: Int) throws -> [GraphValue] {
    guard case .sequence(let values) = try value(index) else {
      throw GraphError("input \(index) is no sequence")
    }
    return values
  }

  /// All values of a small tensor of integers: a shape, axes, sizes.
  func ints(_ index: Int) throws -> [Int]? {
    try optional(index)?.ints()
  }

  /// The one integer that an input holds.
  func int(_ index: Int) throws -> Int? {
    guard let values = try ints(index) else { return nil }
    guard values.count == 1 else { throw GraphError("input \(index) must be one number") }
    return values[0]
  }
}

extension GraphTensor {
  func checked(_ type: ONNXElementType, _ title: String) throws -> GraphTensor {
    guard elementType == type else {
      throw GraphError("\(title) is \(elementType.name); \(type.name) is expected")
    }
    return self
  }

  package func ints() throws -> [Int] {
    switch elementType {
    case .int64: return values(Int64.self).array.map { Int($0) }
    case .int32: return values(Int32.self).array.map { Int($0) }
    case .int16: return values(Int16.self).array.map { Int($0) }
    case .int8: return values(Int8.self).array.map { Int($0) }
    case .uint8, .bool: return values(UInt8.self).array.map { Int($0) }
    case .uint16: return values(UInt16.self).array.map { Int($0) }
    case .uint32: return values(UInt32.self).array.map { Int($0) }
    case .uint64: return values(UInt64.self).array.map { Int(clamping: $0) }
    default: throw GraphError("\(elementType.name) where integers are expected")
    }
  }

  /// All values as doubles, of any type of number.
  func doubles(_ context: GraphContext) throws -> [Double] {
    try converted(to: .double, context).values(Double.self).array
  }

  /// All values of a tensor of integers, of which there may be many.
  func asIndices(_ context: GraphContext) throws -> GraphValues<Int64> {
    switch elementType {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .bool:
      return try converted(to: .int64, context).values(Int64.self)
    default: throw GraphError("\(elementType.name) where integers are expected")
    }
  }
}

extension [GraphValue] {
  static func tensors(_ tensors: GraphTensor...) -> [GraphValue] { tensors.map { .tensor($0) } }
}
