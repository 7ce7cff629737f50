internal import Compute
internal import Models

/// Scales and zero points of a tensor: one, one for each slice of an axis, or one for each block.
struct QuantizationGrid {
  /// For each element the place of its scale.
  let place: (Int) -> Int

  init(_ x: GraphTensor, _ scale: GraphTensor, axis: Int, block: Int) throws {
    if scale.count == 1 && block == 0 {
      place = { _ in 0 }
      return
    }
    let axis = try Axes.normalized(axis, rank: x.rank)
    let (size, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
    if block == 0 {
      guard scale.count == size else {
        throw GraphError("\(scale.count) scales for an axis of size \(size)")
      }
      place = { $0 / inner % size }
      return
    }
    let blocks = (size + block - 1) / block
    guard scale.count == x.shape[..<axis].product * blocks * inner else {
      throw GraphError("\(scale.count) scales do not fit blocks of \(block)")
    }
    place = { index in
      (index / (inner * size) * blocks + index / inner % size / block) * inner + index % inner
    }
  }
}

/// x / scale + zero point, rounded half to even, and held within the type; what is no number
/// becomes the least of it.
struct QuantizeLinear: GraphOperator {
  let axis: Int
  let block: Int
  let type: ONNXElementType?
  let saturates: Bool

  static let entries = [
    OperatorEntry("QuantizeLinear", versions: 10...28, make),
    .microsoft("QuantizeLinear", make),
  ]

  private static let make: OperatorEntry.Maker = { node, _ in
    let number = try node.int("output_dtype", default: 0)
    let block = try node.int("block_size", default: 0)
    guard block >= 0, block < 1 << 31 else { throw node.problem(.malformed, "blocks of \(block)") }
    return QuantizeLinear(
      axis: Int(clamping: try node.int("axis", default: 1)), block: Int(block),
      type: number == 0 ? nil : ONNXElementType(rawValue: Int32(clamping: number)),
      saturates: try node.flag("saturate", default: true))
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let type = inputs.has(2) ? inputs[2].type : self.type ?? .uint8
    return [GraphFact(type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0).converted(to: .float, context)
    let scale = try inputs.tensor(1).converted(to: .float, context)
    let zero = try inputs.optional(2)
    let type = zero?.elementType ?? self.type ?? .uint8
    return .tensors(
      try Self.quantized(
        x, scale, zero, type, axis: axis, block: block, saturates: saturates, context))
  }

  static func quantized(
    _ x: GraphTensor, _ scale: GraphTensor, _ zero: GraphTensor?, _ type: ONNXElementType,
    axis: Int = 0, block: Int = 0, saturates: Bool = true, _ context: GraphContext
  ) throws -> GraphTensor {
    let grid = try QuantizationGrid(x, scale, axis: axis, block: block)
    guard zero.map({ $0.count == scale.count }) ?? true else {
      throw GraphError("scale and zero point differ in size")
    }
    if scale.count == 1 && block == 0 && (type == .uint8 || type == .int8) {
      return try bytes(x, scale, zero, type, context)
    }
    let (from, scales) = (x.values(Float.self), scale.values(Float.self))
    let shifts = try zero?.converted(to: .int32, context).values(Int32.self)
    if SmallFloat(type) != nil {
      let steps = try context.tensor(.float, x.shape) { from[$0] / scales[grid.place($0)] }
      return try Cast.converted(steps, type, saturates: saturates, context)
    }
    guard let bounds = bounds(type) else {
      throw GraphError("nothing is quantized to \(type.name)")
    }
    let steps = try context.tensor(.float, x.shape) { index -> Float in
      let place = grid.place(index)
      let steps = (from[index] / scales[place]).rounded(.toNearestOrEven)
      let value = steps + Float(shifts?[place] ?? 0)
      return value.isNaN ? bounds.low : min(max(value, bounds.low), bounds.high)
    }
    return try Cast.converted(steps, type, saturates: true, context)
  }

  /// With one scale, in a loop that becomes vectors.
  private static func bytes(
    _ x: GraphTensor, _ scale: GraphTensor, _ zero: GraphTensor?, _ type: ONNXElementType,
    _ context: GraphContext
  ) throws -> GraphTensor {
    let shift = Float(try zero?.converted(to: .int32, context).values(Int32.self)[0] ?? 0)
    let unit = scale.values(Float.self)[0]
    let (low, high): (Float, Float) = type == .int8 ? (-128, 127) : (0, 255)
    guard (low...high).contains(shift) else { throw GraphError("a zero point of \(shift)") }
    if let processor = context.processor, type == .uint8 {
      let to = try NewTensor<UInt8>(type, x.shape, context.budget, isCleared: false)
      let from = x.values(Float.self)
      let grid = ByteScale(scale: unit, zero: UInt8(shift))
      var work = context.watch.work
      try work.pieces(0..<to.count) { piece in
        to.withSpan(piece) { processor.quantize(from.span.extracting(piece), grid, into: &$0) }
      }
      return to.tensor
    }
    // Beyond 2^23 floats have no fractions: the sum is rounded half to even, and its last bits are
    // the whole number.
    let (rounder, offset) = (Float(0x1.8p23), UInt8(truncatingIfNeeded: Int(shift)))
    let least = UInt8(truncatingIfNeeded: Int(low))
    return try context.map(x, Float.self, as: type) { value in
      let steps = value / unit
      let held = min(max(steps, low - shift), high - shift)
      let byte = UInt8(truncatingIfNeeded: (held + rounder).bitPattern) &+ offset
      return steps.isNaN ? least : byte
    }
  }

  static func bounds(_ type: ONNXElementType) -> (low: Float, high: Float)? {
    switch type {
    case .int8: (-128, 127)
    case .uint8: (0, 255)
    case .int16: (-32768, 32767)
    case .uint16: (0, 65535)
    case .int4: (-8, 7)
    case .uint4: (0, 15)
    case .int2: (-2, 1)
    case .uint2: (0, 3)
    default: nil
    }
  }
}

/// (x - zero point) · scale.
struct DequantizeLinear: GraphOperator {
  let axis: Int
  let block: Int

  static let entries = [
    OperatorEntry("DequantizeLinear", versions: 10...28, make),
    .microsoft("DequantizeLinear", make),
  ]

  private static let make: OperatorEntry.Maker = { node, _ in
    let block = try node.int("block_size", default: 0)
    guard block >= 0, block < 1 << 31 else { throw node.problem(.malformed, "blocks of \(block)") }
    return DequantizeLinear(
      axis: Int(clamping: try node.int("axis", default: 1)), block: Int(block))
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[1].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let (x, scale) = (try inputs.tensor(0), try inputs.tensor(1, .float))
    return .tensors(
      try Self.dequantized(x, scale, inputs.optional(2), axis: axis, block: block, context))
  }

  static func dequantized(
    _ x: GraphTensor, _ scale: GraphTensor, _ zero: GraphTensor?, axis: Int = 0, block: Int = 0,
    _ context: GraphContext
  ) throws -> GraphTensor {
    let grid = try QuantizationGrid(x, scale, axis: axis, block: block)
    guard zero.map({ $0.count == scale.count }) ?? true else {
      throw GraphError("scale and zero point differ in size")
    }
    if scale.count == 1 && block == 0 && (x.elementType == .uint8 || x.elementType == .int8) {
      return try bytes(x, scale, zero, context)
    }
    let from = try x.converted(to: .double, context).values(Double.self)
    let shifts = try zero?.converted(to: .double, context).values(Double.self)
    let scales = scale.values(Float.self)
    return try context.tensor(.float, x.shape) { index -> Float in
      let place = grid.place(index)
      return Float(from[index] - (shifts?[place] ?? 0)) * scales[place]
    }
  }
}

extension DequantizeLinear {
  /// By a table of what each byte stands for.
  private static func bytes(
    _ x: GraphTensor, _ scale: GraphTensor, _ zero: GraphTensor?, _ context: GraphContext
  ) throws -> GraphTensor {
    let shift = try zero?.converted(to: .double, context).values(Double.self)[0] ?? 0
    let unit = scale.values(Float.self)[0]
    if let processor = context.processor, x.elementType == .uint8,
      let zero = UInt8(exactly: shift)
    {
      let to = try NewTensor<Float>(.float, x.shape, context.budget, isCleared: false)
      let from = x.values(UInt8.self)
      let grid = ByteScale(scale: unit, zero: zero)
      var work = context.watch.work
      try work.pieces(0..<to.count) { piece in
        to.withSpan(piece) { processor.dequantize(from.span.extracting(piece), grid, into: &$0) }
      }
      return to.tensor
    }
    let table = (0..<256).map { byte in
      let value = x.elementType == .int8 ? Int(Int8(truncatingIfNeeded: byte)) : byte
      return Float(Double(value) - shift) * unit
    }
    return try unsafe table.withUnsafeBufferPointer { table in
      try context.map(x, UInt8.self, as: .float) { unsafe table[Int($0)] }
    }
  }
}

/// uint8 with the scale and zero point that the tensor itself asks for: the whole tensor's, so that
/// rows of a batch do depend on each other.
struct DynamicQuantizeLinear: GraphOperator {
  static let entries = [
    OperatorEntry("DynamicQuantizeLinear", versions: 11...28) { _, _ in DynamicQuantizeLinear() }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(.uint8, inputs[0].shape), GraphFact(.float, []), GraphFact(.uint8, [])]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let (y, scale, zero) = try Self.quantized(inputs.tensor(0, .float), context)
    return .tensors(y, scale, zero)
  }

  static func quantized(
    _ x: GraphTensor, _ context: GraphContext
  ) throws -> (GraphTensor, GraphTensor, GraphTensor) {
    let from = x.values(Float.self)
    var (low, high): (Float, Float) = (0, 0)
    var work = context.watch.work
    try work.pieces(0..<from.count) { piece in
      for index in piece {
        low = min(low, from[index])
        high = max(high, from[index])
      }
    }
    let scale = (high - low) / 255
    let shift = scale == 0 ? 0 : (-low / scale).rounded(.toNearestOrEven)
    let scales = try context.floats([], [scale])
    let zero = try context.floats([], [min(max(shift, 0), 255)])
      .converted(to: .uint8, context)
    let safe = try scale == 0 ? context.floats([], [1]) : scales
    return (try QuantizeLinear.quantized(x, safe, zero, .uint8, context), scales, zero)
  }
}
