internal import Models

/// Work that is the same for every type of number. `visit` is compiled for each of them.
protocol NumberVisitor {
  associatedtype Result
  func visit<Number: GraphNumber>(_: Number.Type) throws -> Result
}

protocol FloatVisitor {
  associatedtype Result
  func visit<Number: GraphFloat>(_: Number.Type) throws -> Result
}

extension ONNXElementType {
  /// Truth values count as bytes.
  @inline(__always)
  func dispatch<Visitor: NumberVisitor>(_ visitor: Visitor) throws -> Visitor.Result {
    switch self {
    case .float: try visitor.visit(Float.self)
    case .double: try visitor.visit(Double.self)
    case .int8: try visitor.visit(Int8.self)
    case .int16: try visitor.visit(Int16.self)
    case .int32: try visitor.visit(Int32.self)
    case .int64: try visitor.visit(Int64.self)
    case .uint8, .bool: try visitor.visit(UInt8.self)
    case .uint16: try visitor.visit(UInt16.self)
    case .uint32: try visitor.visit(UInt32.self)
    case .uint64: try visitor.visit(UInt64.self)
    default: throw GraphError("\(name) is not computed with")
    }
  }

  @inline(__always)
  func dispatch<Visitor: FloatVisitor>(_ visitor: Visitor) throws -> Visitor.Result {
    switch self {
    case .float: try visitor.visit(Float.self)
    case .double: try visitor.visit(Double.self)
    default: throw GraphError("\(name) is not computed with")
    }
  }

  var isHalf: Bool { self == .float16 || self == .bfloat16 }
  package var isFloat: Bool { self == .float || self == .double || isHalf }
}

/// Work on elements that are only moved, by their size.
protocol BitsVisitor {
  associatedtype Result
  func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> Result
}

extension ONNXElementType {
  @inline(__always)
  func dispatchBits<Visitor: BitsVisitor>(_ visitor: Visitor) throws -> Visitor.Result {
    switch storedSize {
    case 1: try visitor.visit(UInt8.self)
    case 2: try visitor.visit(UInt16.self)
    case 4: try visitor.visit(UInt32.self)
    case 8: try visitor.visit(UInt64.self)
    default: throw GraphError("\(name) is not computed with")
    }
  }
}
