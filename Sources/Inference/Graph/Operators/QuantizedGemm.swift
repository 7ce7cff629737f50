internal import Models

/// alpha · a · b + c of quantized matrices, c in steps of the product; quantized again, or as
/// floats where the answer has no scale.
struct QuantizedGemm: GraphOperator {
  let alpha: Float
  let turnsA: Bool
  let turnsB: Bool

  static let entries: [OperatorEntry] = [
    .microsoft("QGemm") { node, _ in
      QuantizedGemm(
        alpha: try node.float("alpha", default: 1), turnsA: try node.flag("transA", default: false),
        turnsB: try node.flag("transB", default: false))
    }
  ]

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    var a = try IntegerProducts.centred(inputs.tensor(0), inputs.optional(2), axis: 1, context)
    var b = try IntegerProducts.centred(
      inputs.tensor(3), inputs.optional(5), axis: turnsB ? 0 : 1, context)
    guard a.rank == 2, b.rank == 2 else { throw GraphError("its inputs must be matrices") }
    if turnsA { a = try Transpose.transposed(a, [1, 0], context) }
    if turnsB { b = try Transpose.transposed(b, [1, 0], context) }
    var sums = try MatMul.product(a, b, context)
    if let c = try inputs.optional(6)?.checked(.int32, "input 6") {
      sums = try Self.sum(sums, c, context)
    }
    let scale = try context.floats([], [alpha * one(inputs, 1)])
    let scales = try inputs.tensor(4, .float)
    guard let y = try inputs.optional(7)?.checked(.float, "input 7") else {
      return .tensors(try IntegerProducts.scaled(sums, scale, scales, axis: 1, context))
    }
    let type = try inputs.tensor(0).elementType
    let zero = try inputs.optional(8) ?? GraphTensor(type, [], context.budget)
    return .tensors(
      try IntegerProducts.requantized(sums, scale, scales, y, zero, axis: 1, context))
  }

  private func one(_ inputs: GraphInputs, _ index: Int) throws -> Float {
    let scale = try inputs.tensor(index, .float)
    guard scale.count == 1 else { throw GraphError("input \(index) must be one number") }
    return scale.values(Float.self)[0]
  }

  private static func sum(
    _ a: GraphTensor, _ b: GraphTensor, _ context: GraphContext
  ) throws -> GraphTensor {
    let sum = try context.zip(a, Int32.self, b, Int32.self, as: .int32) { $0 &+ $1 }
    guard sum.shape == a.shape else { throw GraphError("input 6 does not fit") }
    return sum
  }
}
