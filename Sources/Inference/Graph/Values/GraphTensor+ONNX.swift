internal import Bytes
package import Models

extension GraphTensor {
  /// Constant values of a model: in place where they are aligned, else a copy.
  package static func make(_ tensor: ONNXTensor, _ budget: MemoryBudget) throws -> GraphTensor {
    if tensor.elementType == .string {
      return try GraphTensor(strings: tensor.strings, tensor.shape, budget)
    }
    guard let size = tensor.elementType.storedSize, let bits = tensor.elementType.bits else {
      throw GraphError("\(tensor.elementType.name) is not computed with")
    }
    let count = tensor.elementCount
    if bits < 8 { return try unpacked(tensor, bits: bits, budget) }
    let bytes = tensor.bytes
    precondition(bytes.byteCount == count * size)
    return try unsafe bytes.withUnsafeBytes { buffer in
      if let address = buffer.baseAddress, UInt(bitPattern: address) % UInt(size) == 0,
        tensor.elementType != .bool
      {
        return unsafe GraphTensor(tensor, at: address)
      }
      let copy = try GraphTensor(tensor.elementType, tensor.shape, budget)
      if let address = buffer.baseAddress {
        unsafe copy.base.copyMemory(from: address, byteCount: buffer.count)
      }
      if tensor.elementType == .bool { copy.normalizeBools() }
      return copy
    }
  }

  /// Whatever is not 0 is true, and true is 1.
  private func normalizeBools() {
    let bytes = unsafe base.assumingMemoryBound(to: UInt8.self)
    for index in 0..<count where unsafe bytes[index] > 1 { unsafe bytes[index] = 1 }
  }

  private static func unpacked(
    _ tensor: ONNXTensor, bits: Int, _ budget: MemoryBudget
  ) throws -> GraphTensor {
    let isSigned = tensor.elementType == .int4 || tensor.elementType == .int2
    let new = try NewTensor<UInt8>(tensor.elementType, tensor.shape, budget)
    let bytes = tensor.bytes
    for index in 0..<new.count {
      let byte = unsafe bytes.unsafeLoad(fromByteOffset: index * bits / 8, as: UInt8.self)
      let high = byte << (8 - bits - index * bits % 8)
      new[index] =
        isSigned ? UInt8(bitPattern: Int8(bitPattern: high) >> (8 - bits)) : high >> (8 - bits)
    }
    return new.tensor
  }

  /// Packed as the format has it.
  package static func make(
    _ type: ONNXElementType, _ shape: [Int], bytes: [UInt8], _ budget: MemoryBudget
  ) throws -> GraphTensor {
    guard type.byteCount(of: try count(shape, limit: budget.elementLimit)) == bytes.count else {
      throw GraphError("\(bytes.count) bytes for \(type.name) of the shape \(shape)")
    }
    return try make(
      ONNXTensor(name: "", elementType: type, shape: shape, bytes: bytes), budget)
  }
}
