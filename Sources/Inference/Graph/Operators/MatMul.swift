internal import Compute
internal import Models

/// Products of matrices, as numpy's matmul.
struct MatMul: GraphOperator {
  static let entries = [OperatorEntry("MatMul") { _, _ in MatMul() }]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, try MatrixPairs.inferred(inputs[0].shape, inputs[1].shape))]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let a = try inputs.tensor(0)
    let b = try inputs.tensor(1, a.elementType)
    return .tensors(try Self.product(a, b, context))
  }

  static func product(
    _ a: GraphTensor, _ b: GraphTensor, _ context: GraphContext
  ) throws -> GraphTensor {
    let pairs = try MatrixPairs(a.shape, b.shape)
    if let processor = context.processor, a.elementType == .float, pairs.isWorthPacking {
      let result = try context.unwritten(pairs.shape)
      processor.multiply(
        a.rows(of: pairs.inner), b.rows(of: pairs.columns), pairs: pairs.pairs, rows: pairs.rows,
        into: result.rows(of: pairs.columns))
      return result
    }
    return try a.elementType.dispatch(Work(a: a, b: b, pairs: pairs, context: context))
  }

  private struct Work: NumberVisitor {
    let a: GraphTensor
    let b: GraphTensor
    let pairs: MatrixPairs
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      let to = try context.new(N.self, pairs.shape)
      let (left, right) = (a.values(N.self), b.values(N.self))
      let (rows, inner, columns) = (pairs.rows, pairs.inner, pairs.columns)
      for (index, pair) in pairs.pairs.enumerated() {
        MatrixProduct.add(
          left, pair.a * rows * inner, right, pair.b * inner * columns, into: to,
          index * rows * columns, rows: rows, inner: inner, columns: columns)
      }
      return to.tensor
    }
  }
}
