internal import Models

/// Local response normalization: each number by the squares of its neighbours among the channels.
struct LRN: GraphOperator {
  let alpha: Float
  let beta: Float
  let bias: Float
  let size: Int

  static let entries = [
    OperatorEntry("LRN") { node, _ in
      let size = try node.required("size", node.int("size"))
      guard size > 0, size < 1 << 31 else { throw node.problem(.malformed, "size is \(size)") }
      return LRN(
        alpha: try node.float("alpha", default: 1e-4),
        beta: try node.float("beta", default: 0.75), bias: try node.float("bias", default: 1),
        size: Int(size))
    }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    guard x.rank >= 2 else { throw GraphError("\(x.rank) dimensions have no channels") }
    return .tensors(try x.elementType.dispatch(Work(rule: self, x: x, context: context)))
  }

  private struct Work: FloatVisitor {
    let rule: LRN
    let x: GraphTensor
    let context: GraphContext

    func visit<N: GraphFloat>(_: N.Type) throws -> GraphTensor {
      let (from, to) = (x.values(N.self), try context.new(N.self, x.shape))
      let (channels, inner) = (x.shape[1], x.shape[2...].product)
      var work = context.watch.work
      for index in 0..<from.count {
        let channel = index / inner % channels
        let first = max(0, channel - (rule.size - 1) / 2)
        let last = min(channels - 1, channel + rule.size / 2)
        try work.add(last - first + 1)
        var squares: N = 0
        for other in first...last {
          let value = from[index + (other - channel) * inner]
          squares += value * value
        }
        let base = N(rule.bias) + N(rule.alpha) / N(rule.size) * squares
        to[index] = from[index] / .pow(base, N(rule.beta))
      }
      return to.tensor
    }
  }
}
