internal import Models

/// A weighted sum of the features for each target or class.
struct LinearModel: GraphOperator {
  let coefficients: [Float]
  let intercepts: [Float]
  let outputs: Int
  /// nil: a regressor.
  let labels: ClassLabels?
  let transform: PostTransform

  static let entries: [OperatorEntry] = [
    .ml("LinearRegressor") { node, _ in
      try LinearModel(node, outputs: Int(clamping: try node.int("targets", default: 1)), nil)
    },
    .ml("LinearClassifier") { node, _ in
      let labels = try ClassLabels(node, ints: "classlabels_ints", texts: "classlabels_strings")
      // Two classes may share one sum.
      let given = try node.floats("intercepts")?.count ?? labels.count
      return try LinearModel(node, outputs: given == 1 ? 1 : labels.count, labels)
    },
  ]

  private init(_ node: ONNXNode, outputs: Int, _ labels: ClassLabels?) throws {
    coefficients = try node.required("coefficients", node.floats("coefficients"))
    guard outputs > 0, coefficients.count % outputs == 0,
      labels.map({ $0.count == outputs || $0.count == 2 && outputs == 1 }) ?? true
    else {
      throw node.problem(.malformed, "\(coefficients.count) coefficients for \(outputs) outputs")
    }
    intercepts = try node.floats("intercepts") ?? Array(repeating: 0, count: outputs)
    guard intercepts.count == outputs else {
      throw node.problem(.malformed, "\(intercepts.count) intercepts for \(outputs) outputs")
    }
    self.outputs = outputs
    self.labels = labels
    transform = try PostTransform(node)
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let rows = inputs[0].shape.flatMap { $0.count == 2 ? $0[0] : nil } ?? .unknown
    guard let labels else { return [GraphFact(.float, [rows, .fixed(outputs)])] }
    return [
      GraphFact(labels.type, [rows]), GraphFact(.float, [rows, .fixed(labels.count)]),
    ]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try FeatureRows(inputs.tensor(0), context)
    guard x.columns * outputs == coefficients.count else {
      throw GraphError("\(x.columns) features; \(coefficients.count / outputs) are expected")
    }
    let width = labels?.count ?? outputs
    let scores = try context.new(Float.self, [x.rows, width])
    var classes: [Int] = []
    var work = context.watch.work
    for row in 0..<x.rows {
      try work.add(GraphContext.rowCost + coefficients.count)
      var sums = intercepts
      for output in 0..<outputs {
        for column in 0..<x.columns {
          sums[output] +=
            x.values[row * x.columns + column] * coefficients[output * x.columns + column]
        }
      }
      if labels != nil && outputs == 1 {
        classes.append(sums[0] > 0 ? 1 : 0)
        let score = transform.applied(to: sums)[0]
        sums =
          width == 1 ? [score] : transform == .logistic ? [1 - score, score] : [-score, score]
      } else {
        classes.append(sums.largestPlace)
        sums = transform.applied(to: sums)
      }
      for (index, sum) in sums.enumerated() { scores[row * width + index] = sum }
    }
    guard let labels else { return .tensors(scores.tensor) }
    return .tensors(
      try labels.tensor(classes.map { min($0, labels.count - 1) }, context), scores.tensor)
  }
}

extension [Float] {
  /// Where the largest lies, the first one of equals.
  var largestPlace: Int {
    var best = 0
    for index in indices where self[index] > self[best] { best = index }
    return best
  }
}
