internal import Models

/// One number for all along some axes; the axes are an attribute, from some version on an input.
struct Reduce: GraphOperator {
  enum Kind: Sendable, Equatable {
    case sum, mean, max, min, prod, l1, l2, logSum, logSumExp, sumSquare
  }
  let kind: Kind
  let axes: [Int]?
  let keepsDimensions: Bool
  /// Whether no axes means that nothing is reduced.
  let passesWithoutAxes: Bool

  static let entries: [OperatorEntry] = [
    ("ReduceSum", Kind.sum, 13), ("ReduceMean", .mean, 18), ("ReduceMax", .max, 18),
    ("ReduceMin", .min, 18), ("ReduceProd", .prod, 18), ("ReduceL1", .l1, 18),
    ("ReduceL2", .l2, 18), ("ReduceLogSum", .logSum, 18), ("ReduceLogSumExp", .logSumExp, 18),
    ("ReduceSumSquare", .sumSquare, 18),
  ].map { name, kind, inputVersion in
    OperatorEntry(name) { node, _ in
      Reduce(
        kind: kind,
        axes: node.version < inputVersion
          ? try node.ints("axes")?.map { Int(clamping: $0) } : nil,
        keepsDimensions: try node.flag("keepdims", default: true),
        passesWithoutAxes: try node.flag("noop_with_empty_axes", default: false))
    }
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let shape = inputs[0].shape, axes != nil || !inputs.has(1) || inputs.ints(1) != nil
    else { return [GraphFact(inputs[0].type)] }
    let axes = try axes(axes ?? inputs.ints(1), rank: shape.count)
    return [GraphFact(inputs[0].type, reduced(shape, axes, one: .fixed(1)))]
  }

  private func axes(_ given: [Int]?, rank: Int) throws -> [Int] {
    if let given, !given.isEmpty { return try Axes.normalized(given, rank: rank) }
    return passesWithoutAxes ? [] : Array(0..<rank)
  }

  private func reduced<Size>(_ shape: [Size], _ axes: [Int], one: Size) -> [Size] {
    shape.indices.compactMap { axes.contains($0) ? keepsDimensions ? one : nil : shape[$0] }
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let axes = try axes(axes ?? inputs.ints(1), rank: x.rank)
    let shape = reduced(x.shape, axes, one: 1)
    if let sum = try rowSum(x, axes, shape, context) { return .tensors(sum) }
    // The reduced dimensions last, so that each answer reads one run.
    let kept = x.shape.indices.filter { !axes.contains($0) }
    let order = kept + axes.sorted()
    let sorted =
      order == Array(x.shape.indices)
      ? x : try Transpose.transposed(x, order, context)
    let work = Work(
      kind: kind, x: sorted, shape: shape, length: axes.map { x.shape[$0] }.product,
      context: context)
    return .tensors(
      x.elementType.isFloat || ![.mean, .l2, .logSum, .logSumExp].contains(kind)
        ? try x.elementType.dispatch(work)
        : try work.viaDoubles())
  }

  /// Floats added up, or averaged, along one dimension that is not the last: whole rows at a time.
  private func rowSum(
    _ x: GraphTensor, _ axes: [Int], _ shape: [Int], _ context: GraphContext
  ) throws -> GraphTensor? {
    guard kind == .sum || kind == .mean, x.elementType == .float, axes.count == 1,
      axes[0] < x.rank - 1, x.count > 0
    else { return nil }
    let (outer, length) = (x.shape[..<axes[0]].product, x.shape[axes[0]])
    let inner = x.shape[(axes[0] + 1)...].product
    let (from, to) = (x.values(Float.self), try context.new(Float.self, shape))
    var work = context.watch.work
    for block in 0..<outer {
      for row in 0..<length {
        try work.pieces(0..<inner) { piece in
          let first = piece.lowerBound
          let source = unsafe from.run((block * length + row) * inner + first, piece.count)
          let target = unsafe to.run(block * inner + first, piece.count)
          for index in 0..<piece.count { unsafe target[index] += source[index] }
        }
      }
      guard kind == .mean else { continue }
      try work.pieces(0..<inner) { piece in
        let target = unsafe to.run(block * inner + piece.lowerBound, piece.count)
        for index in 0..<piece.count { unsafe target[index] /= Float(length) }
      }
    }
    return to.tensor
  }

  private struct Work: NumberVisitor {
    let kind: Kind
    let x: GraphTensor
    let shape: [Int]
    let length: Int
    let context: GraphContext

    /// Of integers where the answer has a fraction on the way.
    func viaDoubles() throws -> GraphTensor {
      let wide = Work(
        kind: kind, x: try x.converted(to: .double, context), shape: shape,
        length: length, context: context)
      return try wide.visit(Double.self).converted(to: x.elementType, context)
    }

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      let from = x.values(N.self)
      let to = try NewTensor<N>(x.elementType, shape, context.budget)
      var work = context.watch.work
      for index in 0..<to.count { to[index] = try value(from, index * length, &work) }
      return to.tensor
    }

    private func value<N: GraphNumber>(
      _ x: GraphValues<N>, _ start: Int, _ work: inout WorkCount
    ) throws -> N {
      switch kind {
      case .sum: return try sum(x, start, &work) { $0 }
      case .sumSquare: return try sum(x, start, &work) { .product($0, $0) }
      case .l1: return try sum(x, start, &work) { $0 < .zero ? .difference(.zero, $0) : $0 }
      case .mean: return .quotient(try sum(x, start, &work) { $0 }, N(int64: Int64(length)))
      case .l2:
        return N(double: try sum(x, start, &work) { .product($0, $0) }.double.squareRoot())
      case .prod: return try fold(x, start, N.one, &work) { .product($0, $1) }
      case .max:
        return try fold(x, start, N.lowest, &work) { $1 > $0 || $1 != $1 ? $1 : $0 }
      case .min:
        return try fold(x, start, N.highest, &work) { $1 < $0 || $1 != $1 ? $1 : $0 }
      case .logSum: return N(double: Double.log(try sum(x, start, &work) { $0 }.double))
      case .logSumExp:
        let largest = try fold(x, start, -Double.infinity, &work) { Swift.max($0, $1.double) }
        guard largest.isFinite else { return N(double: largest) }
        let sum = try fold(x, start, 0.0, &work) { $0 + Double.exp($1.double - largest) }
        return N(double: largest + Double.log(sum))
      }
    }

    /// From the first element to the last.
    @inline(__always)
    private func fold<N: GraphNumber, Answer>(
      _ x: GraphValues<N>, _ start: Int, _ first: Answer, _ work: inout WorkCount,
      _ body: (Answer, N) -> Answer
    ) throws -> Answer {
      var answer = first
      try work.pieces(start..<start + length) { piece in
        for index in piece { answer = body(answer, x[index]) }
      }
      return answer
    }

    /// In four sums side by side: shorter chains, and smaller errors.
    @inline(__always)
    private func sum<N: GraphNumber>(
      _ x: GraphValues<N>, _ start: Int, _ work: inout WorkCount, _ body: (N) -> N
    ) throws -> N {
      var (a, b, c, d) = (N.zero, N.zero, N.zero, N.zero)
      try work.pieces(start..<start + length) { piece in
        var index = piece.lowerBound
        while index + 4 <= piece.upperBound {
          a = .sum(a, body(x[index]))
          b = .sum(b, body(x[index + 1]))
          c = .sum(c, body(x[index + 2]))
          d = .sum(d, body(x[index + 3]))
          index += 4
        }
        while index < piece.upperBound {
          a = .sum(a, body(x[index]))
          index += 1
        }
      }
      return .sum(.sum(a, b), .sum(c, d))
    }
  }
}
