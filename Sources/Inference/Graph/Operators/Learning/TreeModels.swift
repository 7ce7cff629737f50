internal import Models

/// Trees that give numbers: sums, means, or the least or largest of the trees.
struct TreeRegressor: GraphOperator {
  enum Gathering: String, Sendable {
    case sum = "SUM"
    case average = "AVERAGE"
    case min = "MIN"
    case max = "MAX"
  }
  let trees: TreeEnsemble
  let targets: Int
  let base: [Double]
  let gathering: Gathering
  let transform: PostTransform

  static let entries: [OperatorEntry] = [
    .ml("TreeEnsembleRegressor") { node, _ in
      let targets = Int(clamping: try node.int("n_targets", default: 1))
      let name = try node.text("aggregate_function", default: "SUM")
      guard targets > 0, targets < 1 << 24, let gathering = Gathering(rawValue: name) else {
        throw node.problem(.malformed, "\(targets) targets by \(ONNXProblem.shown(name))")
      }
      return TreeRegressor(
        trees: try TreeEnsemble(node, prefix: "target", outputs: targets), targets: targets,
        base: try TreeClassifier.base(node, targets), gathering: gathering,
        transform: try PostTransform(node))
    }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let rows = inputs[0].shape.flatMap { $0.count == 2 ? $0[0] : nil } ?? .unknown
    return [GraphFact(.float, [rows, .fixed(targets)])]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try TreeClassifier.rows(inputs.tensor(0), trees)
    let values = try x.converted(to: .double, context).values(Double.self)
    let to = try context.new(Float.self, [x.shape[0], targets])
    var work = context.watch.work
    for row in 0..<x.shape[0] {
      try work.add(64 * trees.roots.count + GraphContext.rowCost + targets)
      var sums = [Double?](repeating: nil, count: targets)
      trees.leaves({ values[row * x.shape[1] + $0] }) { leaf in
        for (output, weight) in leaf.weights {
          guard let sofar = sums[output] else {
            sums[output] = weight
            continue
          }
          sums[output] =
            switch gathering {
            case .sum, .average: sofar + weight
            case .min: min(sofar, weight)
            case .max: max(sofar, weight)
            }
        }
      }
      let share = gathering == .average ? 1 / Double(max(1, trees.roots.count)) : 1
      let scores = sums.enumerated().map { Float(($1 ?? 0) * share + base[$0]) }
      for (index, score) in transform.applied(to: scores).enumerated() {
        to[row * targets + index] = score
      }
    }
    return .tensors(to.tensor)
  }
}

/// Trees that give a class: the one with the largest sum.
struct TreeClassifier: GraphOperator {
  let trees: TreeEnsemble
  let labels: ClassLabels
  let base: [Double]
  let transform: PostTransform
  /// Whether the trees weigh one class of two alone.
  let isBinary: Bool
  let onlyPositive: Bool
  let weighed: Int

  static let entries: [OperatorEntry] = [
    .ml("TreeEnsembleClassifier") { node, _ in
      let labels = try ClassLabels(
        node, ints: "classlabels_int64s", texts: "classlabels_strings")
      let trees = try TreeEnsemble(node, prefix: "class", outputs: labels.count)
      let weights = trees.nodes.flatMap(\.weights)
      let outputs = Set(weights.map(\.output))
      return TreeClassifier(
        trees: trees, labels: labels, base: try base(node, labels.count),
        transform: try PostTransform(node), isBinary: labels.count == 2 && outputs.count == 1,
        onlyPositive: weights.allSatisfy { $0.weight >= 0 }, weighed: outputs.first ?? 0)
    }
  ]

  static func base(_ node: ONNXNode, _ outputs: Int) throws -> [Double] {
    let isTensor = node.attributes["base_values_as_tensor"] != nil
    guard isTensor || node.attributes["base_values"] != nil else {
      return Array(repeating: 0, count: outputs)
    }
    let base = try TreeEnsemble.numbers(node, "base_values")
    guard base.count <= outputs else {
      throw node.problem(.malformed, "\(base.count) base values for \(outputs) outputs")
    }
    return base + Array(repeating: 0, count: outputs - base.count)
  }

  static func rows(_ x: GraphTensor, _ trees: TreeEnsemble) throws -> GraphTensor {
    let rows = x.rank == 1 ? GraphTensor(x, shape: [1, x.count]) : x
    guard rows.rank == 2, rows.shape[1] >= trees.features else {
      throw GraphError("the shape \(x.shape) has fewer than \(trees.features) features")
    }
    return rows
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let rows = inputs[0].shape.flatMap { $0.count == 2 ? $0[0] : nil } ?? .unknown
    return [GraphFact(labels.type, [rows]), GraphFact(.float, [rows, .fixed(labels.count)])]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try Self.rows(inputs.tensor(0), trees)
    let values = try x.converted(to: .double, context).values(Double.self)
    let to = try context.new(Float.self, [x.shape[0], labels.count])
    var classes: [Int] = []
    var work = context.watch.work
    for row in 0..<x.shape[0] {
      try work.add(64 * trees.roots.count + GraphContext.rowCost + labels.count)
      var sums = base
      trees.leaves({ values[row * x.shape[1] + $0] }) { leaf in
        for (output, weight) in leaf.weights { sums[output] += weight }
      }
      var scores = sums.map { Float($0) }
      if isBinary {
        // Base values of one class stand first.
        let score = Float(sums[weighed] + (weighed == 1 ? base[0] : 0))
        classes.append(score > (onlyPositive && transform == .none ? 0.5 : 0) ? 1 : 0)
        scores = binary(score)
      } else {
        classes.append(scores.largestPlace)
        scores = transform.applied(to: scores)
      }
      for (index, score) in scores.enumerated() { to[row * labels.count + index] = score }
    }
    return .tensors(try labels.tensor(classes, context), to.tensor)
  }

  private func binary(_ score: Float) -> [Float] {
    switch transform {
    case .logistic:
      let share = PostTransform.logistic(score)
      return [1 - share, share]
    case .none: return onlyPositive ? [1 - score, score] : [-score, score]
    default: return transform.applied(to: [-score, score])
    }
  }
}
