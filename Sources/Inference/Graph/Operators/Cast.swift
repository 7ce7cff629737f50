internal import Glibc
internal import Models

/// Another type for the same values: `to`, or that of the second input.
struct Cast: GraphOperator {
  let type: ONNXElementType?
  let saturates: Bool

  static let entries: [OperatorEntry] = [
    OperatorEntry("Cast") { node, _ in
      let number = try node.required("to", node.int("to"))
      guard let type = Int32(exactly: number).flatMap({ ONNXElementType(rawValue: $0) }) else {
        throw node.problem(.malformed, "there is no type \(number)")
      }
      guard type == .string || type.storedSize != nil, type != .float8e8m0 else {
        throw node.problem(.unsupported, "\(type.name) is not computed with")
      }
      return Cast(type: type, saturates: try node.flag("saturate", default: true))
    },
    OperatorEntry("CastLike", versions: 15...28) { node, _ in
      Cast(type: nil, saturates: try node.flag("saturate", default: true))
    },
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(type ?? inputs[1].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let type = try self.type ?? inputs.tensor(1).elementType
    if x.elementType == type { return .tensors(x) }
    if x.elementType == .string { return .tensors(try parsed(x, type, context)) }
    if type == .string {
      // The shortest text that is read as the same number.
      let isDouble = x.elementType == .double
      if !x.elementType.isFloat {
        let numbers = try x.ints()
        return .tensors(try context.texts(x.shape) { Array("\(numbers[$0])".utf8) })
      }
      let numbers = try x.converted(to: .double, context).values(Double.self)
      return .tensors(try context.texts(x.shape) { Self.text(numbers[$0], isDouble: isDouble) })
    }
    return .tensors(try Self.converted(x, type, saturates: saturates, context))
  }

  static func converted(
    _ x: GraphTensor, _ type: ONNXElementType, saturates: Bool, _ context: GraphContext
  ) throws -> GraphTensor {
    if let small = SmallFloat(type) {
      return try context.map(x.converted(to: .float, context), Float.self, as: type) {
        small.byte($0, saturate: saturates)
      }
    }
    if let bits = type.bits, bits < 8 {
      let isSigned = type == .int4 || type == .int2
      return try context.map(x.converted(to: .int32, context), Int32.self, as: type) { number in
        let high = UInt8(truncatingIfNeeded: number) << (8 - bits)
        return isSigned
          ? UInt8(bitPattern: Int8(bitPattern: high) >> (8 - bits)) : high >> (8 - bits)
      }
    }
    return try x.converted(to: type, context)
  }

  private static func text(_ number: Double, isDouble: Bool) -> [UInt8] {
    if number.isNaN { return Array("NaN".utf8) }
    if number.isInfinite { return Array((number < 0 ? "-INF" : "INF").utf8) }
    var text = isDouble ? "\(number)" : "\(Float(number))"
    if text.hasSuffix(".0") && text.contains("e") == false { text.removeLast(2) }
    return Array(text.utf8)
  }

  private func parsed(
    _ x: GraphTensor, _ type: ONNXElementType, _ context: GraphContext
  ) throws -> GraphTensor {
    let numbers = try context.new(Double.self, x.shape)
    var work = context.watch.work
    try work.pieces(0..<x.count, cost: GraphContext.textCost) { piece in
      for index in piece {
        guard let number = Double(String(decoding: x.strings[index], as: UTF8.self)) else {
          throw GraphError("a text that is no number cannot become \(type.name)")
        }
        numbers[index] = number
      }
    }
    return try Self.converted(numbers.tensor, type, saturates: saturates, context)
  }
}
