internal import Models

/// Each row, from an axis on, with mean 0 and variance 1, then scaled and shifted. The second and
/// third answers are the mean and the inverse deviation. Without the mean it is RMSNormalization.
struct LayerNormalization: GraphOperator {
  let axis: Int
  let epsilon: Float
  let takesMean: Bool

  static let entries: [OperatorEntry] = [
    OperatorEntry("LayerNormalization", versions: 17...28) { try make($0, takesMean: true, $1) },
    OperatorEntry("RMSNormalization", versions: 23...28) { try make($0, takesMean: false, $1) },
    // What older exports of some programs write without a version.
    OperatorEntry("SimplifiedLayerNormalization") { try make($0, takesMean: false, $1) },
  ]

  private static func make(
    _ node: ONNXNode, takesMean: Bool, _: GraphBuilder
  ) throws -> any GraphOperator {
    LayerNormalization(
      axis: Int(clamping: try node.int("axis", default: -1)),
      epsilon: try node.float("epsilon", default: 1e-5), takesMean: takesMean)
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let type = x.elementType
    let axis = try Axes.normalized(self.axis, rank: x.rank)
    let rest = Array(x.shape[axis...])
    func stretched(_ index: Int) throws -> GraphTensor? {
      guard let tensor = try inputs.optional(index) else { return nil }
      guard try Broadcast([rest, tensor.shape]).shape == rest else {
        throw GraphError("input \(index) does not fit the rows")
      }
      return try Expand.stretched(tensor.checked(type, "input \(index)"), to: rest, context)
    }
    let answers = try type.dispatch(
      Work(
        rule: self, x: x, scale: stretched(1), bias: stretched(2), axis: axis,
        context: context))
    return answers.map { .tensor($0) }
  }

  private struct Work: FloatVisitor {
    let rule: LayerNormalization
    let x: GraphTensor
    let scale: GraphTensor?
    let bias: GraphTensor?
    let axis: Int
    let context: GraphContext

    func visit<N: GraphFloat>(_: N.Type) throws -> [GraphTensor] {
      let width = x.shape[axis...].product
      let small = x.shape[..<axis] + Array(repeating: 1, count: x.rank - axis)
      let means = try context.new(N.self, Array(small))
      let inverses = try context.new(N.self, Array(small))
      let (from, to) = (x.values(N.self), try context.new(N.self, x.shape))
      let (scale, bias) = (self.scale?.values(N.self), self.bias?.values(N.self))
      var work = context.watch.work
      for row in 0..<means.count {
        let start = row * width
        let moments = try Moments.of(from, start, width, &work, takesMean: rule.takesMean)
        let inverse = 1 / (moments.variance + N(rule.epsilon)).squareRoot()
        try work.pieces(0..<width) { piece in
          for index in piece {
            var value = (from[start + index] - moments.mean) * inverse
            if let scale { value *= scale[index] }
            if let bias { value += bias[index] }
            to[start + index] = value
          }
        }
        (means[row], inverses[row]) = (moments.mean, inverse)
      }
      return [to.tensor, means.tensor, inverses.tensor]
    }
  }
}

/// The mean of numbers and their variance around it.
enum Moments {
  static func of<N: GraphFloat>(
    _ x: GraphValues<N>, _ start: Int, _ count: Int, _ work: inout WorkCount,
    takesMean: Bool = true
  ) throws -> (mean: N, variance: N) {
    var sum: Double = 0
    if takesMean {
      try work.pieces(start..<start + count) { for index in $0 { sum += Double(x[index]) } }
    }
    let mean = N(sum / Double(max(1, count)))
    var squares: Double = 0
    try work.pieces(start..<start + count) { piece in
      for index in piece {
        let distance = Double(x[index] - mean)
        squares += distance * distance
      }
    }
    return (mean, N(squares / Double(max(1, count))))
  }
}
