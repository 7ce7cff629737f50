internal import Models

/// Convolution: windows as columns of a matrix, then a product for each group. A group of one
/// channel is summed directly.
struct Conv: GraphOperator {
  let rule: WindowRule
  let groups: Int

  static let entries = [
    OperatorEntry("Conv") { node, _ in
      Conv(rule: try WindowRule(node), groups: try groups(node))
    }
  ]

  static func groups(_ node: ONNXNode) throws -> Int {
    let groups = try node.int("group", default: 1)
    guard groups > 0, groups < 1 << 31 else {
      throw node.problem(.malformed, "the attribute group is \(groups)")
    }
    return Int(groups)
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let weights = inputs[1].shape
    let kernel = weights.flatMap { Array($0.dropFirst(2)).fixed }
    return [
      GraphFact(
        inputs[0].type,
        try rule.inferred(inputs[0].shape, kernel: kernel, channels: weights?.first ?? .unknown))
    ]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let w = try inputs.tensor(1, x.elementType)
    let bias = try inputs.optional(2)?.checked(x.elementType, "input 2")
    return .tensors(
      try x.elementType.dispatch(
        Convolution(x: x, w: w, bias: bias, rule: rule, groups: groups, context: context)))
  }
}

/// The convolution itself, for numbers of any type.
struct Convolution: NumberVisitor {
  let x: GraphTensor
  let w: GraphTensor
  let bias: GraphTensor?
  let rule: WindowRule
  let groups: Int
  let context: GraphContext

  func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
    guard x.rank >= 3, w.rank == x.rank,
      w.shape[1].multipliedReportingOverflow(by: groups)
        == (x.shape[1], false), w.shape[0] % groups == 0
    else {
      throw GraphError(
        "weights of the shape \(w.shape) in \(groups) groups over \(x.shape)")
    }
    guard bias.map({ $0.count == w.shape[0] }) ?? true else {
      throw GraphError("the bias does not fit \(w.shape[0]) outputs")
    }
    let windows = try rule.windows(Array(x.shape[2...]), kernel: Array(w.shape[2...]))
    let (places, charge) = try windows.places(context)
    defer { withExtendedLifetime(charge) {} }
    let (area, taps, spatial) = (windows.outputs.product, windows.taps, x.shape[2...].product)
    let (perGroup, outputs) = (w.shape[1], w.shape[0] / groups)
    let to = try context.new(N.self, [x.shape[0], w.shape[0]] + windows.outputs)
    let (from, weights) = (x.values(N.self), w.values(N.self))
    var work = context.watch.work
    if let bias = bias?.values(N.self) {
      try work.pieces(0..<to.count) { piece in
        for index in piece { to[index] = bias[index / area % bias.count] }
      }
    }
    let columns = try context.new(N.self, perGroup == 1 ? [0] : [perGroup * taps, area])
    for sample in 0..<x.shape[0] {
      for group in 0..<groups {
        let source = (sample * x.shape[1] + group * perGroup) * spatial
        let target = (sample * w.shape[0] + group * outputs) * area
        if perGroup == 1 {
          for output in 0..<outputs {
            try work.pieces(0..<area, cost: taps) { windows in
              direct(
                from, source, weights, (group * outputs + output) * taps, places, taps, to,
                target + output * area, windows)
            }
          }
          continue
        }
        for channel in 0..<perGroup {
          for tap in 0..<taps {
            let row = (channel * taps + tap) * area
            try work.pieces(0..<area) { windows in
              for index in windows {
                let place = places[index * taps + tap]
                columns[row + index] = place < 0 ? .zero : from[source + channel * spatial + place]
              }
            }
          }
        }
        try MatrixProduct.add(
          weights, group * outputs * perGroup * taps, columns.tensor.values(N.self), 0, into: to,
          target, rows: outputs, inner: perGroup * taps, columns: area, &work)
      }
    }
    return to.tensor
  }

  private func direct<N: GraphNumber>(
    _ x: GraphValues<N>, _ source: Int, _ w: GraphValues<N>, _ weights: Int, _ places: [Int],
    _ taps: Int, _ to: NewTensor<N>, _ target: Int, _ windows: Range<Int>
  ) {
    for index in windows {
      var sum = to[target + index]
      for tap in 0..<taps {
        let place = places[index * taps + tap]
        if place >= 0 { sum = .sum(sum, .product(x[source + place], w[weights + tap])) }
      }
      to[target + index] = sum
    }
  }
}
