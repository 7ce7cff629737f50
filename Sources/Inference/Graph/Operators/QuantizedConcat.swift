internal import Models

/// Tensors of bytes, each with a scale and a zero point, one after the other in the answer's scale:
/// its scale and zero point come first, then those of each tensor.
struct QuantizedConcat: GraphOperator {
  let axis: Int

  static let entries: [OperatorEntry] = [
    .microsoft("QLinearConcat") { node, _ in
      QuantizedConcat(axis: Int(clamping: try node.required("axis", node.int("axis"))))
    }
  ]

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let zero = try inputs.tensor(1)
    let floats = try stride(from: 2, to: inputs.count, by: 3).map { index in
      try DequantizeLinear.dequantized(
        inputs.tensor(index), inputs.tensor(index + 1, .float), inputs.optional(index + 2), context)
    }
    guard let first = floats.first else { throw GraphError("nothing to join") }
    let joined = try Concat.joined(
      floats, axis: Axes.normalized(axis, rank: first.rank), context)
    return .tensors(
      try QuantizeLinear.quantized(
        joined, inputs.tensor(0, .float), zero, zero.elementType, context))
  }
}
