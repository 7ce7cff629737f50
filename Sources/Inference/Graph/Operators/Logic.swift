internal import Models

/// Truth values, and the bits of integers, combined.
struct Logic: GraphOperator {
  enum Kind: Sendable { case and, or, xor, shiftLeft, shiftRight }
  let kind: Kind

  static let entries: [OperatorEntry] = [
    OperatorEntry("And") { _, _ in Logic(kind: .and) },
    OperatorEntry("Or") { _, _ in Logic(kind: .or) },
    OperatorEntry("Xor") { _, _ in Logic(kind: .xor) },
    OperatorEntry("BitwiseAnd", versions: 18...28) { _, _ in Logic(kind: .and) },
    OperatorEntry("BitwiseOr", versions: 18...28) { _, _ in Logic(kind: .or) },
    OperatorEntry("BitwiseXor", versions: 18...28) { _, _ in Logic(kind: .xor) },
    OperatorEntry("BitShift", versions: 11...28) { node, _ in
      switch try node.required("direction", node.text("direction")) {
      case "LEFT": Logic(kind: .shiftLeft)
      case "RIGHT": Logic(kind: .shiftRight)
      default: throw node.problem(.malformed, "the direction must be LEFT or RIGHT")
      }
    },
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [try GraphFact.stretched(inputs, type: inputs[0].type)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let a = try inputs.tensor(0)
    let b = try inputs.tensor(1, a.elementType)
    return .tensors(
      try a.elementType.dispatchBits(Work(kind: kind, a: a, b: b, context: context)))
  }

  private struct Work: BitsVisitor {
    let kind: Kind
    let a: GraphTensor
    let b: GraphTensor
    let context: GraphContext

    func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
      switch kind {
      case .and: try pairs(Bits.self) { $0 & $1 }
      case .or: try pairs(Bits.self) { $0 | $1 }
      case .xor: try pairs(Bits.self) { $0 ^ $1 }
      case .shiftLeft: try pairs(Bits.self) { $0 << $1 }
      case .shiftRight:
        if a.elementType.isSigned {
          // The sign moves in; amounts count as unsigned.
          try pairs(Bits.self) { bits, amount in
            bits.leadingZeroBitCount == 0 ? ~(~bits >> amount) : bits >> amount
          }
        } else {
          try pairs(Bits.self) { $0 >> $1 }
        }
      }
    }

    @inline(__always)
    private func pairs<Bits: FixedWidthInteger & BitwiseCopyable>(
      _: Bits.Type, _ body: (Bits, Bits) -> Bits
    ) throws -> GraphTensor {
      try context.zip(a, Bits.self, b, Bits.self, as: a.elementType, body)
    }
  }
}

extension ONNXElementType {
  fileprivate var isSigned: Bool {
    self == .int8 || self == .int16 || self == .int32 || self == .int64
  }
}

/// Truth values or bits turned round.
struct Not: GraphOperator {
  static let entries = [
    OperatorEntry("Not") { _, _ in Not() },
    OperatorEntry("BitwiseNot", versions: 18...28) { _, _ in Not() },
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    if x.elementType == .bool {
      return .tensors(try context.map(x, UInt8.self) { 1 - $0 })
    }
    return .tensors(try x.elementType.dispatchBits(Work(x: x, context: context)))
  }

  private struct Work: BitsVisitor {
    let x: GraphTensor
    let context: GraphContext

    func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
      try context.map(x, Bits.self) { ~$0 }
    }
  }
}
