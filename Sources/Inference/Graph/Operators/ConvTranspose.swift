internal import Models

/// The convolution the other way round: each input adds its window to the answer.
struct ConvTranspose: GraphOperator {
  let rule: WindowRule
  let groups: Int
  let outputPadding: [Int]?
  let outputShape: [Int]?

  static let entries = [
    OperatorEntry("ConvTranspose") { node, _ in
      ConvTranspose(
        rule: try WindowRule(node), groups: try Conv.groups(node),
        outputPadding: try node.ints("output_padding")?.map { Int(clamping: $0) },
        outputShape: try node.ints("output_shape")?.map { Int(clamping: $0) })
    }
  ]

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let w = try inputs.tensor(1, x.elementType)
    let bias = try inputs.optional(2)?.checked(x.elementType, "input 2")
    guard x.rank >= 3, w.rank == x.rank, w.shape[0] == x.shape[1], x.shape[1] % groups == 0,
      bias.map({ $0.count == w.shape[1] * groups }) ?? true
    else { throw GraphError("weights of the shape \(w.shape) over \(x.shape)") }
    return .tensors(
      try x.elementType.dispatch(
        Work(node: self, x: x, w: w, bias: bias, windows: windows(x, w), context: context)))
  }

  /// The windows over the answer that the inputs stand for.
  private func windows(_ x: GraphTensor, _ w: GraphTensor) throws -> Windows {
    let (kernel, rank) = (Array(w.shape[2...]), x.rank - 2)
    let strides = rule.strides ?? Array(repeating: 1, count: rank)
    let dilations = rule.dilations ?? Array(repeating: 1, count: rank)
    let extra = outputPadding ?? Array(repeating: 0, count: rank)
    let pads = rule.pads ?? Array(repeating: 0, count: 2 * rank)
    let shape = outputShape.map { Array($0.suffix(rank)) }
    guard strides.count == rank, dilations.count == rank, extra.count == rank,
      pads.count == 2 * rank, (shape?.count ?? rank) == rank,
      extra.allSatisfy({ 0..<1 << 31 ~= $0 }), (shape ?? []).allSatisfy({ 0..<1 << 31 ~= $0 })
    else { throw GraphError("its attributes do not fit \(rank) spatial dimensions") }
    var (befores, sizes) = ([Int](), [Int]())
    for axis in 0..<rank {
      let full =
        strides[axis] * (x.shape[axis + 2] - 1) + extra[axis]
        + (kernel[axis] - 1) * dilations[axis] + 1
      if shape != nil || rule.padding == .sameUpper || rule.padding == .sameLower {
        let size = shape?[axis] ?? x.shape[axis + 2] * strides[axis]
        let total = max(0, full - size)
        befores.append(rule.padding == .sameUpper ? total / 2 : total - total / 2)
        sizes.append(size)
      } else {
        let (before, after) =
          rule.padding == .valid ? (0, 0) : (pads[axis], pads[axis + rank])
        befores.append(before)
        sizes.append(max(0, full - before - after))
      }
    }
    return Windows(
      sizes: sizes, kernel: kernel, strides: strides, dilations: dilations, befores: befores,
      afters: nil, outputs: Array(x.shape[2...]))
  }

  private struct Work: NumberVisitor {
    let node: ConvTranspose
    let x: GraphTensor
    let w: GraphTensor
    let bias: GraphTensor?
    let windows: Windows
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      let (groups, perGroup) = (node.groups, w.shape[1])
      let channels = perGroup * groups
      let to = try context.new(N.self, [x.shape[0], channels] + windows.sizes)
      let (places, charge) = try windows.places(context)
      defer { withExtendedLifetime(charge) {} }
      let (area, taps) = (windows.outputs.product, windows.taps)
      let size = windows.sizes.product
      let (from, weights) = (x.values(N.self), w.values(N.self))
      let inputs = x.shape[1]
      var work = context.watch.work
      if let bias = bias?.values(N.self), size > 0 {
        try work.pieces(0..<to.count) { piece in
          for index in piece { to[index] = bias[index / size % channels] }
        }
      }
      for index in 0..<x.shape[0] * inputs {
        let (sample, channel) = (index / inputs, index % inputs)
        let group = channel / (inputs / groups)
        for output in 0..<perGroup {
          let target = (sample * channels + group * perGroup + output) * size
          let kernel = (channel * perGroup + output) * taps
          try work.pieces(0..<area, cost: taps) { piece in
            for window in piece {
              let value = from[index * area + window]
              for tap in 0..<taps {
                let place = places[window * taps + tap]
                guard place >= 0 else { continue }
                to[target + place] = .sum(
                  to[target + place], .product(value, weights[kernel + tap]))
              }
            }
          }
        }
      }
      return to.tensor
    }
  }
}
