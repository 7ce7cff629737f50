internal import Models

/// Comparisons of tensors stretched to each other.
struct Comparison: GraphOperator {
  enum Kind: Sendable { case equal, less, lessOrEqual, greater, greaterOrEqual }
  let kind: Kind

  static let entries: [OperatorEntry] = [
    OperatorEntry("Equal") { _, _ in Comparison(kind: .equal) },
    OperatorEntry("Less") { _, _ in Comparison(kind: .less) },
    OperatorEntry("Greater") { _, _ in Comparison(kind: .greater) },
    OperatorEntry("LessOrEqual", versions: 12...28) { _, _ in Comparison(kind: .lessOrEqual) },
    OperatorEntry("GreaterOrEqual", versions: 12...28) { _, _ in
      Comparison(kind: .greaterOrEqual)
    },
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [try GraphFact.stretched(inputs, type: .bool)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let a = try inputs.tensor(0)
    let b = try inputs.tensor(1, a.elementType)
    if a.elementType == .string { return .tensors(try texts(a, b, context)) }
    return .tensors(
      try a.elementType.dispatch(Work(kind: kind, a: a, b: b, context: context)))
  }

  private func texts(
    _ a: GraphTensor, _ b: GraphTensor, _ context: GraphContext
  ) throws -> GraphTensor {
    guard kind == .equal else { throw GraphError("texts can only be compared for equality") }
    let plan = try Broadcast([a.shape, b.shape])
    let new = try context.bools(plan.shape)
    var work = context.watch.work
    try plan.runs(context.watch) { start, starts, length, steps in
      for index in 0..<length {
        let (x, y) = (
          a.strings[starts[0] + index * steps[0]], b.strings[starts[1] + index * steps[1]]
        )
        try work.add(x.count)
        new[start + index] = x == y ? 1 : 0
      }
    }
    return new.tensor
  }

  private struct Work: NumberVisitor {
    let kind: Kind
    let a: GraphTensor
    let b: GraphTensor
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      switch kind {
      case .equal: try pairs(N.self) { $0 == $1 }
      case .less: try pairs(N.self) { $0 < $1 }
      case .lessOrEqual: try pairs(N.self) { $0 <= $1 }
      case .greater: try pairs(N.self) { $0 > $1 }
      case .greaterOrEqual: try pairs(N.self) { $0 >= $1 }
      }
    }

    @inline(__always)
    private func pairs<N: GraphNumber>(_: N.Type, _ body: (N, N) -> Bool) throws -> GraphTensor {
      try context.zip(a, N.self, b, N.self, as: .bool) { body($0, $1) ? UInt8(1) : 0 }
    }
  }
}
