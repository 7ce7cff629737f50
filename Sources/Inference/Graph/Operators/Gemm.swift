internal import Models

/// alpha · a · b + beta · c, with a and b turned if asked.
struct Gemm: GraphOperator {
  let alpha: Float
  let beta: Float
  let turnsA: Bool
  let turnsB: Bool

  static let entries = [
    OperatorEntry("Gemm") { node, _ in
      Gemm(
        alpha: try node.float("alpha", default: 1), beta: try node.float("beta", default: 1),
        turnsA: try node.flag("transA", default: false),
        turnsB: try node.flag("transB", default: false))
    }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let a = inputs[0].shape, let b = inputs[1].shape else {
      return [GraphFact(inputs[0].type, .unknown(2))]
    }
    guard a.count == 2, b.count == 2 else { throw GraphError("its inputs must be matrices") }
    _ = try a[turnsA ? 0 : 1].merged(with: b[turnsB ? 1 : 0])
    return [GraphFact(inputs[0].type, [a[turnsA ? 1 : 0], b[turnsB ? 0 : 1]])]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    var a = try inputs.tensor(0)
    var b = try inputs.tensor(1, a.elementType)
    guard a.rank == 2, b.rank == 2 else { throw GraphError("its inputs must be matrices") }
    if turnsA { a = try Transpose.transposed(a, [1, 0], context) }
    if turnsB { b = try Transpose.transposed(b, [1, 0], context) }
    let product = try MatMul.product(a, b, context)
    let c = try inputs.optional(2)?.checked(a.elementType, "input 2")
    if c == nil && alpha == 1 { return .tensors(product) }
    return .tensors(
      try a.elementType.dispatch(
        Finish(rule: self, product: product, c: c, context: context)))
  }

  private struct Finish: NumberVisitor {
    let rule: Gemm
    let product: GraphTensor
    let c: GraphTensor?
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      let (alpha, beta) = (N(double: Double(rule.alpha)), N(double: Double(rule.beta)))
      guard let c else { return try context.map(product, N.self) { N.product(alpha, $0) } }
      let sum = try context.zip(product, N.self, c, N.self, as: product.elementType) { a, b -> N in
        .sum(.product(alpha, a), .product(beta, b))
      }
      guard sum.shape == product.shape else { throw GraphError("input 2 does not fit") }
      return sum
    }
  }
}
