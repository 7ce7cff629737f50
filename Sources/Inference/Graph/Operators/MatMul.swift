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
    let pairs = try MatrixPairs(a.shape, b.shape, context)
    if let processor = context.processor, a.elementType == .float, pairs.isWorthPacking {
      let result = try context.unwritten(pairs.shape)
      try multiply(a, b, pairs, into: result, processor, context)
      return result
    }
    return try a.elementType.dispatch(Work(a: a, b: b, pairs: pairs, context: context))
  }

  /// Products that are taken without asking whether they are still wanted.
  private static let piece = 1 << 32

  private static func multiply(
    _ a: GraphTensor, _ b: GraphTensor, _ pairs: MatrixPairs, into result: GraphTensor,
    _ processor: Processor, _ context: GraphContext
  ) throws {
    let (rows, inner, columns) = (pairs.rows, pairs.inner, pairs.columns)
    // Sizes of tensors that there are: a product of two does not overflow.
    let perRow = inner * columns
    if pairs.pairs.count <= piece / perRow / rows {
      return processor.multiply(
        a.rows(of: inner), b.rows(of: columns), pairs: pairs.pairs, rows: rows,
        into: result.rows(of: columns))
    }
    let most = max(1, piece / perRow)
    for (index, pair) in pairs.pairs.enumerated() {
      for first in stride(from: 0, to: rows, by: most) {
        try context.watch.look()
        let count = min(most, rows - first)
        let (from, to) = (pair.a * rows + first, index * rows + first)
        processor.multiply(
          a.rows(from..<from + count, of: inner), b.rows(of: columns), pairs: [(0, pair.b)],
          rows: count, into: result.rows(to..<to + count, of: columns))
      }
    }
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
      var work = context.watch.work
      for (index, pair) in pairs.pairs.enumerated() {
        try work.add(1)
        try MatrixProduct.add(
          left, pair.a * rows * inner, right, pair.b * inner * columns, into: to,
          index * rows * columns, rows: rows, inner: inner, columns: columns, &work)
      }
      return to.tensor
    }
  }
}
