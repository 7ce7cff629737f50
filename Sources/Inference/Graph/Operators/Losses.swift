internal import Models

/// Negative log-likelihood of classes: what training takes, and some graphs end with.
struct LikelihoodLoss: GraphOperator {
  /// Whether the scores become logarithms of shares first.
  let takesScores: Bool
  let ignored: Int?
  let reduction: String

  static let entries: [OperatorEntry] = [
    ("NegativeLogLikelihoodLoss", false), ("SoftmaxCrossEntropyLoss", true),
  ].map { name, takesScores in
    OperatorEntry(name, versions: 12...28) { node, _ in
      let reduction = try node.text("reduction", default: "mean")
      guard ["none", "sum", "mean"].contains(reduction) else {
        throw node.problem(.malformed, "there is no reduction \(ONNXProblem.shown(reduction))")
      }
      return LikelihoodLoss(
        takesScores: takesScores,
        ignored: try node.int("ignore_index").map { Int(clamping: $0) }, reduction: reduction)
    }
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    var x = try inputs.tensor(0)
    let (targets, weights) = (try inputs.tensor(1), try inputs.optional(2))
    guard x.rank >= 2, targets.shape == [x.shape[0]] + x.shape[2...] else {
      throw GraphError("targets of the shape \(targets.shape) for \(x.shape)")
    }
    if takesScores {
      x = try Softmax(kind: .logarithm, axis: 1, joinsRest: false).softmax(x, context)
    }
    let (classes, inner) = (x.shape[1], x.shape[2...].product)
    let logs = try x.converted(to: .double, context).values(Double.self)
    let shares = try weights?.doubles(context)
    guard shares.map({ $0.count == classes }) ?? true else {
      throw GraphError("the weights do not fit \(classes) classes")
    }
    let losses = try context.new(Double.self, targets.shape)
    var (sum, total) = (0.0, 0.0)
    let numbers = try targets.asIndices(context)
    var work = context.watch.work
    try work.pieces(0..<numbers.count) { piece in
      for index in piece {
        let target = Int(numbers[index])
        guard target != ignored else { continue }
        guard 0..<classes ~= target else { throw GraphError("there is no class \(target)") }
        let share = shares?[target] ?? 1
        let at = (index / inner * classes + target) * inner + index % inner
        losses[index] = -logs[at] * share
        sum += losses[index]
        total += share
      }
    }
    var loss = losses.tensor
    if reduction != "none" {
      let one = try context.new(Double.self, [])
      one[0] = reduction == "sum" ? sum : sum / total
      loss = one.tensor
    }
    return .tensors(try loss.converted(to: x.elementType, context), x)
  }
}
