package import Models

extension GraphTensor {
  /// The same numbers as another type: fractions go when it is one of integers, floats round to the
  /// nearest, integers keep their low bits.
  package func converted(to type: ONNXElementType, _ budget: MemoryBudget) throws -> GraphTensor {
    if type == elementType { return self }
    if elementType.isHalf { return try widened(budget).converted(to: type, budget) }
    if let small = SmallFloat(elementType) {
      let (from, to) = (
        values(UInt8.self), try NewTensor<Float>(.float, shape, budget)
      )
      for index in 0..<count { to[index] = small.float(from[index]) }
      return try to.tensor.converted(to: type, budget)
    }
    if elementType == .int4 || elementType == .int2 {
      return try GraphTensor(self, shape: shape, as: .int8).converted(to: type, budget)
    }
    if elementType == .uint4 || elementType == .uint2 {
      return try GraphTensor(self, shape: shape, as: .uint8).converted(to: type, budget)
    }
    if type.isHalf { return try converted(to: .float, budget).narrowed(to: type, budget) }
    if type == .bool { return try elementType.dispatch(ToBool(from: self, budget: budget)) }
    return try elementType.dispatch(From(from: self, type: type, budget: budget))
  }

  /// As 32-bit floats, of a float of 16 bits.
  func widened(_ budget: MemoryBudget) throws -> GraphTensor {
    let from = values(UInt16.self)
    let to = try NewTensor<Float>(.float, shape, budget)
    if elementType == .float16 {
      for index in 0..<count { to[index] = Float(Float16(bitPattern: from[index])) }
    } else {
      for index in 0..<count { to[index] = Float(bitPattern: UInt32(from[index]) << 16) }
    }
    return to.tensor
  }

  /// 32-bit floats as ones of 16 bits, rounded to the nearest, half to even.
  func narrowed(to type: ONNXElementType, _ budget: MemoryBudget) throws -> GraphTensor {
    let from = values(Float.self)
    let to = try NewTensor<UInt16>(type, shape, budget)
    if type == .float16 {
      for index in 0..<count { to[index] = Float16(from[index]).bitPattern }
    } else {
      for index in 0..<count { to[index] = Self.bfloat16(from[index]) }
    }
    return to.tensor
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
  let budget: MemoryBudget

  func visit<Number: GraphNumber>(_: Number.Type) throws -> GraphTensor {
    try type.dispatch(To<Number>(from: from, budget: budget))
  }
}

private struct To<Source: GraphNumber>: NumberVisitor {
  let from: GraphTensor
  let budget: MemoryBudget

  func visit<Number: GraphNumber>(_: Number.Type) throws -> GraphTensor {
    let values = from.values(Source.self)
    let to = try NewTensor<Number>(Number.type, from.shape, budget)
    if Source.isInteger && Number.isInteger {
      for index in 0..<values.count { to[index] = Number(int64: values[index].int64) }
    } else {
      for index in 0..<values.count { to[index] = Number(double: values[index].double) }
    }
    return to.tensor
  }
}

private struct ToBool: NumberVisitor {
  let from: GraphTensor
  let budget: MemoryBudget

  func visit<Number: GraphNumber>(_: Number.Type) throws -> GraphTensor {
    let values = from.values(Number.self)
    let to = try NewTensor<UInt8>(.bool, from.shape, budget)
    for index in 0..<values.count { to[index] = values[index] == .zero ? 0 : 1 }
    return to.tensor
  }
}
