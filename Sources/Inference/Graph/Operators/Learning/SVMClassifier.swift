internal import Models

/// A class from the likeness to support vectors: each pair of classes votes, and with `prob_a` and
/// `prob_b` the votes become probabilities (Wu, Lin and Weng 2004, as LIBSVM does).
struct SVMClassifier: GraphOperator {
  let kernel: KernelFunction
  let labels: ClassLabels
  let vectors: [Float]
  let coefficients: [Float]
  let rho: [Float]
  let perClass: [Int]
  let probA: [Float]
  let probB: [Float]
  let transform: PostTransform

  static let entries: [OperatorEntry] = [.ml("SVMClassifier") { node, _ in try Self(node) }]

  private init(_ node: ONNXNode) throws {
    kernel = try KernelFunction(node)
    labels = try ClassLabels(node, ints: "classlabels_ints", texts: "classlabels_strings")
    vectors = try node.floats("support_vectors") ?? []
    coefficients = try node.required("coefficients", node.floats("coefficients"))
    rho = try node.floats("rho") ?? []
    perClass = try node.ints("vectors_per_class")?.map { Int(clamping: $0) } ?? []
    probA = try node.floats("prob_a") ?? []
    probB = try node.floats("prob_b") ?? []
    transform = try PostTransform(node)
    let count = perClass.reduce(0) { $0 &+ max(0, min($1, 1 << 31)) }
    let pairs = labels.count * (labels.count - 1) / 2
    guard !perClass.isEmpty else {
      throw node.problem(.unsupported, "a linear model without support vectors is not supported")
    }
    guard perClass.allSatisfy({ $0 >= 0 }), perClass.count == labels.count, labels.count > 1,
      labels.count < 1 << 12, count > 0, vectors.count % count == 0,
      coefficients.count == (labels.count - 1) * count, rho.count >= pairs,
      probA.count == probB.count, probA.isEmpty || probA.count >= pairs
    else { throw node.problem(.malformed, "its vectors, coefficients and classes do not fit") }
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let rows = inputs[0].shape.flatMap { $0.count == 2 ? $0[0] : nil } ?? .unknown
    return [GraphFact(labels.type, [rows])]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try FeatureRows(inputs.tensor(0), context)
    let supports = perClass.reduce(0, +)
    guard x.columns * supports == vectors.count else {
      throw GraphError("\(x.columns) features; \(vectors.count / supports) are expected")
    }
    let classes = labels.count
    let pairs = classes * (classes - 1) / 2
    let width = probA.isEmpty ? classes == 2 ? 2 : pairs : classes
    let to = try context.new(Float.self, [x.rows, width])
    var winners: [Int] = []
    var work = context.watch.work
    for row in 0..<x.rows {
      try work.add(GraphContext.rowCost + vectors.count + coefficients.count + pairs)
      let (sums, votes) = decisions(x, row)
      var scores = sums
      winners.append(votes.largestPlace)
      if probA.isEmpty {
        if classes == 2 { scores = [-sums[0], sums[0]] }
        scores = transform.applied(to: scores)
      } else {
        scores = try probabilities(sums, &work)
      }
      for (index, score) in scores.enumerated() { to[row * width + index] = score }
    }
    return .tensors(try labels.tensor(winners, context), to.tensor)
  }

  /// A number for each pair of classes, positive for the first of them, and the votes.
  private func decisions(_ x: FeatureRows, _ row: Int) -> (sums: [Float], votes: [Float]) {
    let supports = perClass.reduce(0, +)
    let kernels = (0..<supports).map { kernel.value(x, row, vectors, $0) }
    var starts = [0]
    for count in perClass { starts.append(starts[starts.count - 1] + count) }
    var (sums, votes) = ([Float](), [Float](repeating: 0, count: labels.count))
    for first in 0..<labels.count {
      for second in first + 1..<max(first + 1, labels.count) {
        var sum: Double = 0
        for index in starts[first]..<starts[first + 1] {
          sum += Double(coefficients[(second - 1) * supports + index] * kernels[index])
        }
        for index in starts[second]..<starts[second + 1] {
          sum += Double(coefficients[first * supports + index] * kernels[index])
        }
        let decision = Float(sum) + rho[sums.count]
        sums.append(decision)
        votes[decision > 0 ? first : second] += 1
      }
    }
    return (sums, votes)
  }

  private func probabilities(_ sums: [Float], _ work: inout WorkCount) throws -> [Float] {
    let count = labels.count
    var pairwise = [[Double]](repeating: Array(repeating: 0, count: count), count: count)
    var pair = 0
    for first in 0..<count {
      for second in first + 1..<max(first + 1, count) {
        let share = 1 - PostTransform.logistic(sums[pair] * probA[pair] + probB[pair])
        let held = Double(min(max(share, 1e-7), 1 - 1e-7))
        (pairwise[first][second], pairwise[second][first]) = (held, 1 - held)
        pair += 1
      }
    }
    var q = pairwise
    for t in 0..<count {
      try work.add(2 * count)
      q[t][t] = (0..<count).filter { $0 != t }.reduce(0) { $0 + pairwise[$1][t] * pairwise[$1][t] }
      for j in 0..<count where j != t { q[t][j] = -pairwise[j][t] * pairwise[t][j] }
    }
    var p = [Double](repeating: 1 / Double(count), count: count)
    for _ in 0..<max(100, count) {
      try work.add(2 * count * count)
      var qp = (0..<count).map { t in (0..<count).reduce(0) { $0 + q[t][$1] * p[$1] } }
      var pqp = zip(p, qp).reduce(0) { $0 + $1.0 * $1.1 }
      if (0..<count).allSatisfy({ abs(qp[$0] - pqp) < 0.005 / Double(count) }) { break }
      for t in 0..<count {
        let step = (-qp[t] + pqp) / q[t][t]
        p[t] += step
        pqp = (pqp + step * (step * q[t][t] + 2 * qp[t])) / ((1 + step) * (1 + step))
        for j in 0..<count {
          qp[j] = (qp[j] + step * q[t][j]) / (1 + step)
          p[j] /= 1 + step
        }
      }
    }
    return p.map { Float($0) }
  }
}
