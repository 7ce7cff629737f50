package import Models

extension GraphTensor {
  /// The same numbers as another type: fractions go when it is one of integers, floats round to the
  /// nearest, integers keep their low bits.
  func converted(to type: ONNXElementType, _ context: GraphContext) throws -> GraphTensor {
    if type == elementType { return self }
    if elementType.isHalf { return try widened(context).converted(to: type, context) }
    if let small = SmallFloat(elementType) {
      return try context.map(self, UInt8.self, as: .float) { small.float($0) }
        .converted(to: type, context)
    }
    if elementType == .int4 || elementType == .int2 {
      return try GraphTensor(self, shape: shape, as: .int8).converted(to: type, context)
    }
    if elementType == .uint4 || elementType == .uint2 {
      return try GraphTensor(self, shape: shape, as: .uint8).converted(to: type, context)
    }
    if type.isHalf { return try converted(to: .float, context).narrowed(to: type, context) }
    if type == .bool { return try elementType.dispatch(ToBool(from: self, context: context)) }
    return try elementType.dispatch(From(from: self, type: type, context: context))
  }

  /// The same outside of a run.
  package func converted(to type: ONNXElementType, _ budget: MemoryBudget) throws -> GraphTensor {
    type == elementType ? self : try converted(to: type, GraphContext(budget: budget))
  }

  /// As 32-bit floats, of a float of 16 bits.
  func widened(_ context: GraphContext) throws -> GraphTensor {
    elementType == .float16
      ? try context.map(self, UInt16.self, as: .float) { Float(Float16(bitPattern: $0)) }
      : try context.map(self, UInt16.self, as: .float) { Float(bitPattern: UInt32($0) << 16) }
  }

  /// 32-bit floats as ones of 16 bits, rounded to the nearest, half to even.
  func narrowed(to type: ONNXElementType, _ context: GraphContext) throws -> GraphTensor {
    type == .float16
      ? try context.map(self, Float.self, as: type) { Float16($0).bitPattern }
      : try context.map(self, Float.self, as: type) { Self.bfloat16($0) }
  }

  static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
}

private struct From: NumberVisitor {
  let from: GraphTensor
  let type: ONNXElementType
  let context: GraphContext

  func visit<Number: GraphNumber>(_: Number.Type) throws -> GraphTensor {
    try type.dispatch(To<Number>(from: from, context: context))
  }
}

private struct To<Source: GraphNumber>: NumberVisitor {
  let from: GraphTensor
  let context: GraphContext

  func visit<Number: GraphNumber>(_: Number.Type) throws -> GraphTensor {
    Source.isInteger && Number.isInteger
      ? try context.map(from, Source.self, as: Number.type) { Number(int64: $0.int64) }
      : try context.map(from, Source.self, as: Number.type) { Number(double: $0.double) }
  }
}

private struct ToBool: NumberVisitor {
  let from: GraphTensor
  let context: GraphContext

  func visit<Number: GraphNumber>(_: Number.Type) throws -> GraphTensor {
    try context.map(from, Number.self, as: .bool) { $0 == .zero ? UInt8(0) : 1 }
  }
}
