internal import Models

/// The upper or lower triangle of matrices, zeros elsewhere.
struct Trilu: GraphOperator {
  let isUpper: Bool

  static let entries = [
    OperatorEntry("Trilu", versions: 14...28) { node, _ in
      Trilu(isUpper: try node.flag("upper", default: true))
    }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    guard x.rank >= 2 else { throw GraphError("\(x.rank) dimensions are no matrix") }
    let shift = try inputs.int(1) ?? 0
    return .tensors(
      try x.elementType.dispatchBits(
        Work(x: x, isUpper: isUpper, shift: shift, context: context)))
  }

  private struct Work: BitsVisitor {
    let x: GraphTensor
    let isUpper: Bool
    let shift: Int
    let context: GraphContext

    func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
      let from = x.values(Bits.self)
      let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
      return try context.tensor(x.elementType, x.shape) { index -> Bits in
        let (row, column) = (index / columns % rows, index % columns)
        let distance = column - row
        return (isUpper ? distance >= shift : distance <= shift) ? from[index] : 0
      }
    }
  }
}

/// Ones on a diagonal, zeros elsewhere.
struct EyeLike: GraphOperator {
  let type: ONNXElementType?
  let shift: Int

  static let entries = [
    OperatorEntry("EyeLike") { node, _ in
      EyeLike(
        type: try node.int("dtype").flatMap { ONNXElementType(rawValue: Int32(clamping: $0)) },
        shift: Int(clamping: try node.int("k", default: 0)))
    }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(type ?? inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    guard x.rank == 2 else { throw GraphError("\(x.rank) dimensions are no matrix") }
    let columns = x.shape[1]
    let ones = try context.tensor(.uint8, x.shape) { index -> UInt8 in
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      return row.addingReportingOverflow(shift) == (column, false) ? 1 : 0
    }
    return .tensors(
      try Cast.converted(ones, type ?? x.elementType, saturates: true, context))
  }
}
