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
      ? x : try Transpose.transposed(x, order, context.budget)
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
    for block in 0..<outer {
      let target = unsafe to.run(block * inner, inner)
      for row in 0..<length {
        let source = unsafe from.run((block * length + row) * inner, inner)
        for index in 0..<inner { unsafe target[index] += source[index] }
      }
      guard kind == .mean else { continue }
      for index in 0..<inner { unsafe target[index] /= Float(length) }
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
        kind: kind, x: try x.converted(to: .double, context.budget), shape: shape,
        length: length, context: context)
      return try wide.visit(Double.self).converted(to: x.elementType, context.budget)
    }

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      let from = x.values(N.self)
      let to = try NewTensor<N>(x.elementType, shape, context.budget)
      for index in 0..<to.count { to[index] = value(from, index * length) }
      return to.tensor
    }

    private func value<N: GraphNumber>(_ x: GraphValues<N>, _ start: Int) -> N {
      let end = start + length
      switch kind {
      case .sum: return Self.fold(x, start..<end) { $0 }
      case .sumSquare: return Self.fold(x, start..<end) { .product($0, $0) }
      case .l1: return Self.fold(x, start..<end) { $0 < .zero ? .difference(.zero, $0) : $0 }
      case .mean:
        return .quotient(Self.fold(x, start..<end) { $0 }, N(int64: Int64(length)))
      case .l2:
        return N(double: Self.fold(x, start..<end) { .product($0, $0) }.double.squareRoot())
      case .prod:
        var product = N.one
        for index in start..<end { product = .product(product, x[index]) }
        return product
      case .max:
        var largest = N.lowest
        for index in start..<end {
          let next = x[index]
          if next > largest || next != next { largest = next }
        }
        return largest
      case .min:
        var smallest = N.highest
        for index in start..<end {
          let next = x[index]
          if next < smallest || next != next { smallest = next }
        }
        return smallest
      case .logSum: return N(double: Double.log(Self.fold(x, start..<end) { $0 }.double))
      case .logSumExp:
        var largest = -Double.infinity
        for index in start..<end { largest = Swift.max(largest, x[index].double) }
        guard largest.isFinite else { return N(double: largest) }
        var sum = 0.0
        for index in start..<end { sum += Double.exp(x[index].double - largest) }
        return N(double: largest + Double.log(sum))
      }
    }

    /// In four sums side by side: shorter chains, and smaller errors.
    @inline(__always)
    private static func fold<N: GraphNumber>(
      _ x: GraphValues<N>, _ range: Range<Int>, _ body: (N) -> N
    ) -> N {
      var (a, b, c, d) = (N.zero, N.zero, N.zero, N.zero)
      var index = range.lowerBound
      while index + 4 <= range.upperBound {
        a = .sum(a, body(x[index]))
        b = .sum(b, body(x[index + 1]))
        c = .sum(c, body(x[index + 2]))
        d = .sum(d, body(x[index + 3]))
        index += 4
      }
      while index < range.upperBound {
        a = .sum(a, body(x[index]))
        index += 1
      }
      return .sum(.sum(a, b), .sum(c, d))
    }
  }
}
