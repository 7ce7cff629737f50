internal import Models

/// Each group of channels of each sample with mean 0 and variance 1, then scaled and shifted. One
/// channel a group is InstanceNormalization.
struct GroupNormalization: GraphOperator {
  /// nil: as many as channels.
  let groups: Int?
  let epsilon: Float
  /// Whether there is a scale for each group, not for each channel.
  let scalesGroups: Bool

  static let entries: [OperatorEntry] = [
    OperatorEntry("InstanceNormalization") { node, _ in
      GroupNormalization(
        groups: nil, epsilon: try node.float("epsilon", default: 1e-5), scalesGroups: false)
    },
    OperatorEntry("GroupNormalization", versions: 18...28) { node, _ in
      let groups = try node.required("num_groups", node.int("num_groups"))
      guard groups > 0, groups < 1 << 31 else {
        throw node.problem(.malformed, "\(groups) groups")
      }
      return GroupNormalization(
        groups: Int(groups), epsilon: try node.float("epsilon", default: 1e-5),
        scalesGroups: node.version < 21)
    },
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    guard x.rank >= 2 else { throw GraphError("\(x.rank) dimensions have no channels") }
    let channels = x.shape[1]
    let groups = self.groups ?? channels
    guard groups > 0, channels % groups == 0 else {
      throw GraphError("\(channels) channels in \(groups) groups")
    }
    let parameters = try (1...2).map { index in
      let tensor = try inputs.tensor(index, x.elementType)
      guard tensor.count == (scalesGroups ? groups : channels) else {
        throw GraphError("input \(index) has \(tensor.count) values")
      }
      return tensor
    }
    return .tensors(
      try x.elementType.dispatch(
        Work(
          rule: self, x: x, groups: groups, scale: parameters[0], bias: parameters[1],
          context: context)))
  }

  private struct Work: FloatVisitor {
    let rule: GroupNormalization
    let x: GraphTensor
    let groups: Int
    let scale: GraphTensor
    let bias: GraphTensor
    let context: GraphContext

    func visit<N: GraphFloat>(_: N.Type) throws -> GraphTensor {
      let (from, to) = (x.values(N.self), try context.new(N.self, x.shape))
      let (scale, bias) = (scale.values(N.self), bias.values(N.self))
      let inner = x.shape.dropFirst(2).product
      let perGroup = x.shape[1] / groups
      let width = perGroup * inner
      var work = context.watch.work
      for block in 0..<x.shape[0] * groups {
        let moments = try Moments.of(from, block * width, width, &work)
        let inverse = 1 / (moments.variance + N(rule.epsilon)).squareRoot()
        try work.pieces(0..<width) { piece in
          for index in piece {
            let group = block % groups
            let at = rule.scalesGroups ? group : group * perGroup + index / inner
            to[block * width + index] =
              (from[block * width + index] - moments.mean) * inverse * scale[at] + bias[at]
          }
        }
      }
      return to.tensor
    }
  }
}
