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

  private static func multiply(
    _ a: GraphTensor, _ b: GraphTensor, _ pairs: MatrixPairs, into result: GraphTensor,
    _ processor: Processor, _ context: GraphContext
  ) throws {
    let (rows, inner, columns) = (pairs.rows, pairs.inner, pairs.columns)
    let (left, right) = (a.rows(of: inner), b.rows(of: columns))
    // Sizes of tensors that there are: products of two of them do not overflow.
    try context.watch.portions(pairs.pairs.count, products: rows * inner * columns) { some in
      guard some.count == 1, let pair = some.first.map({ pairs.pairs[$0] }) else {
        return processor.multiply(
          left, right, pairs: Array(pairs.pairs[some]), rows: rows,
          into: result.rows(some.lowerBound * rows..<some.upperBound * rows, of: columns))
      }
      // One may be more than a portion. Each packs the right side anew.
      try context.watch.portions(rows, products: inner * columns, of: 256...(.max)) { range in
        let (from, to) = (pair.a * rows, some.lowerBound * rows)
        processor.multiply(
          a.rows(from + range.lowerBound..<from + range.upperBound, of: inner), right,
          pairs: [(0, pair.b)], rows: range.count,
          into: result.rows(to + range.lowerBound..<to + range.upperBound, of: columns))
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
