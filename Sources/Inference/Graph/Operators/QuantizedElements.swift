internal import Models

/// Operators of com.microsoft on quantized tensors: floats on the way, then quantized again.
struct QuantizedElements: GraphOperator {
  /// What is done with the floats.
  let operation: any GraphOperator
  /// How many inputs come as tensor, scale and zero point.
  let operands: Int

  static let entries: [OperatorEntry] = [
    .microsoft("QLinearAdd") { _, _ in
      QuantizedElements(operation: Arithmetic(kind: .add), operands: 2)
    },
    .microsoft("QLinearMul") { _, _ in
      QuantizedElements(operation: Arithmetic(kind: .mul), operands: 2)
    },
    .microsoft("QLinearSigmoid") { _, _ in
      QuantizedElements(
        operation: UnaryOperator(formula: GraphActivations.Sigmoid()), operands: 1)
    },
    .microsoft("QLinearLeakyRelu") { node, _ in
      let formula = GraphActivations.LeakyRelu(
        alpha: Double(try node.float("alpha", default: 0.01)))
      return QuantizedElements(operation: UnaryOperator(formula: formula), operands: 1)
    },
    .microsoft("QLinearAveragePool") { node, _ in
      try checkOrder(node)
      return QuantizedElements(operation: try Pool(.average, node), operands: 1)
    },
    .microsoft("QLinearGlobalAveragePool") { node, _ in
      try checkOrder(node)
      return QuantizedElements(operation: GlobalPool(kind: .mean, order: nil), operands: 1)
    },
  ]

  private static func checkOrder(_ node: ONNXNode) throws {
    guard try !node.flag("channels_last", default: false) else {
      throw node.problem(.unsupported, "channels_last is not supported")
    }
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let floats = try (0..<operands).map { index -> GraphValue in
      .tensor(
        try DequantizeLinear.dequantized(
          inputs.tensor(3 * index), inputs.tensor(3 * index + 1, .float),
          inputs.optional(3 * index + 2), context))
    }
    guard case .tensor(let answer)? = try operation.compute(GraphInputs(floats), context).first
    else { throw GraphError("no answer") }
    let zero = try inputs.optional(3 * operands + 1)
    let type = try zero?.elementType ?? inputs.tensor(0).elementType
    return .tensors(
      try QuantizeLinear.quantized(
        answer, inputs.tensor(3 * operands, .float), zero, type, context))
  }
}
