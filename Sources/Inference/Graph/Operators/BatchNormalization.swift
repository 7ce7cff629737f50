internal import Models

/// Each channel scaled and shifted by what training found of it.
struct BatchNormalization: GraphOperator {
  let epsilon: Float

  static let entries = [
    OperatorEntry("BatchNormalization") { node, _ in
      guard try !node.flag("training_mode", default: false), node.outputs.count == 1 else {
        throw node.problem(.unsupported, "training is not supported")
      }
      return BatchNormalization(epsilon: try node.float("epsilon", default: 1e-5))
    }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let channels = x.rank > 1 ? x.shape[1] : 1
    let parameters = try (1...4).map { index in
      let tensor = try inputs.tensor(index).converted(to: x.elementType, context)
      guard tensor.count == channels else {
        throw GraphError("input \(index) has \(tensor.count) values for \(channels) channels")
      }
      return tensor
    }
    return .tensors(
      try x.elementType.dispatch(
        Work(rule: self, x: x, channels: channels, parameters: parameters, context: context)))
  }

  private struct Work: FloatVisitor {
    let rule: BatchNormalization
    let x: GraphTensor
    let channels: Int
    let parameters: [GraphTensor]
    let context: GraphContext

    func visit<N: GraphFloat>(_: N.Type) throws -> GraphTensor {
      let (from, to) = (x.values(N.self), try context.new(N.self, x.shape))
      let inner = x.shape.dropFirst(2).product
      let all = parameters.map { $0.values(N.self) }
      var work = context.watch.work
      for block in 0..<from.count / max(1, inner) {
        let channel = block % channels
        let factor = all[0][channel] / (all[3][channel] + N(rule.epsilon)).squareRoot()
        let (bias, mean) = (all[1][channel], all[2][channel])
        try work.pieces(block * inner..<(block + 1) * inner) { piece in
          for index in piece { to[index] = (from[index] - mean) * factor + bias }
        }
      }
      return to.tensor
    }
  }
}
