internal import Compute
internal import Models

/// Convolutions in fp32 with constant weights, each with its bias, the normalization and factors of
/// its channels, what is added to it and its range, as one; and the pools between them.
struct ConvolutionFusion: GraphFusion {
  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    for index in sketch.steps.indices {
      guard let step = sketch.steps[index], step.node.domain.isEmpty, let x = step.reads.first,
        sketch.facts[x]?.type == .float, sketch.facts[x]?.shape?.count == 4
      else { continue }
      if step.operation is Conv {
        guard var draft = FloatDraft(step, index, sketch) else { continue }
        draft.follow(sketch)
        build(draft, &sketch, options)
      } else if let pool = step.operation as? Pool, pool.kind == .max,
        step.writes.count == 1 || step.writes[1].isEmpty, let kernel = pool.rule.kernel,
        kernel.count == 2
      {
        let operation = FloatMaxPool(
          processor: options.processor, rule: pool.rule, kernel: (kernel[0], kernel[1]))
        sketch.replace(
          [index], by: step.fused("MaxPool", operation, reads: [x], writes: [step.writes[0]]))
      } else if let pool = step.operation as? GlobalPool, pool.kind == .mean, pool.order == nil {
        let operation = FloatGlobalAverage(processor: options.processor)
        sketch.replace(
          [index], by: step.fused("GlobalAveragePool", operation, reads: [x], writes: step.writes))
      }
    }
  }

  private static func build(
    _ draft: FloatDraft, _ sketch: inout GraphSketch, _ options: FusionOptions
  ) {
    guard let last = draft.steps.max().flatMap({ sketch.steps[$0] }),
      let blocks = draft.packed(options)
    else { return }
    let operation = FloatConvolution(
      processor: options.processor, rule: draft.rule, kernel: draft.kernel, blocks: blocks,
      isDepthwise: draft.isDepthwise, channels: draft.channels, adds: draft.other != nil,
      range: draft.range)
    let reads = [draft.input] + (draft.other.map { [$0] } ?? [])
    sketch.replace(
      draft.steps, by: last.fused("Conv", operation, reads: reads, writes: [draft.output]))
  }
}

/// A convolution whose weights are not packed yet.
private struct FloatDraft {
  let input: String
  var output: String
  var steps: [Int]
  let rule: WindowRule
  let kernel: (height: Int, width: Int)
  let groups: Int
  let channels: Int
  let outputs: Int
  /// Channels of an output's weights.
  let perGroup: Int
  let weights: GraphValues<Float>
  /// What each output's weights are multiplied by.
  var factors: [Float]
  var bias: [Float]
  var other: String?
  var range: ClosedRange<Float>?

  var taps: Int { kernel.height * kernel.width }
  var isDepthwise: Bool { groups > 1 && perGroup == 1 && outputs == groups }

  init?(_ step: GraphSketch.Step, _ index: Int, _ sketch: GraphSketch) {
    guard let conv = step.operation as? Conv, let weights = sketch.constant(step.reads[1]),
      weights.elementType == .float, weights.rank == 4, weights.count > 0
    else { return nil }
    (outputs, perGroup) = (weights.shape[0], weights.shape[1])
    groups = conv.groups
    channels = perGroup * groups
    guard outputs % groups == 0 else { return nil }
    kernel = (weights.shape[2], weights.shape[3])
    factors = Array(repeating: 1, count: outputs)
    bias = Array(repeating: 0, count: outputs)
    if step.reads.count > 2, !step.reads[2].isEmpty {
      guard let given = sketch.floats(step.reads[2]), given.count == outputs else { return nil }
      bias = given
    }
    self.weights = weights.values(Float.self)
    rule = conv.rule
    input = step.reads[0]
    output = step.writes[0]
    steps = [index]
  }

  /// Takes in what follows and concerns nobody else.
  mutating func follow(_ sketch: GraphSketch) {
    while let reader = sketch.onlyReader(of: output), let next = sketch.steps[reader],
      next.node.domain.isEmpty, takeChannels(next, sketch)
    {
      output = next.writes[0]
      steps.append(reader)
    }
    if let reader = sketch.onlyReader(of: output), let sum = sketch.steps[reader],
      sum.node.domain.isEmpty, sum.node.operation == "Add", sum.reads.count == 2,
      let rest = sketch.pairs(sum).first(where: { $0.0 == output })?.1, rest != output,
      sketch.constant(rest) == nil, sketch.facts[rest]?.type == .float,
      sketch.facts[rest]?.shape?.count == 4
    {
      (output, other, steps) = (sum.writes[0], rest, steps + [reader])
    }
    if let reader = sketch.onlyReader(of: output), let next = sketch.steps[reader],
      next.reads[0] == output, case .clamp(let range)? = sketch.activation(next)
    {
      (output, self.range, steps) = (next.writes[0], range, steps + [reader])
    }
  }

  /// BatchNormalization, and factors and summands of each channel.
  private mutating func takeChannels(_ step: GraphSketch.Step, _ sketch: GraphSketch) -> Bool {
    if let norm = step.operation as? BatchNormalization, step.reads[0] == output {
      let parts = step.reads[1...].compactMap { sketch.floats($0) }
      guard parts.count == 4, parts.allSatisfy({ $0.count == outputs }) else { return false }
      for channel in 0..<outputs {
        let factor = parts[0][channel] / (parts[3][channel] + norm.epsilon).squareRoot()
        factors[channel] *= factor
        bias[channel] = (bias[channel] - parts[2][channel]) * factor + parts[1][channel]
      }
      return true
    }
    guard step.node.operation == "Mul" || step.node.operation == "Add",
      let name = sketch.pairs(step).first(where: { $0.0 == output })?.1,
      let values = eachChannel(name, sketch)
    else { return false }
    for channel in 0..<outputs {
      if step.node.operation == "Mul" {
        factors[channel] *= values[channel]
        bias[channel] *= values[channel]
      } else {
        bias[channel] += values[channel]
      }
    }
    return true
  }

  /// A constant [channels, 1, 1], or with another 1 in front, or one number.
  private func eachChannel(_ name: String, _ sketch: GraphSketch) -> [Float]? {
    guard let tensor = sketch.constant(name), let values = sketch.floats(name), tensor.rank <= 4
    else { return nil }
    if values.count == 1 { return Array(repeating: values[0], count: outputs) }
    let shape = tensor.shape
    guard shape.suffix(3) == [outputs, 1, 1], values.count == outputs else { return nil }
    return values
  }

  /// Weights of a layer in panels that may be mostly empty: 64 MiB.
  private static let mostFilled = 1 << 24

  /// A matrix for each group. nil where it cannot be: an infinite weight, or too many inputs; and
  /// where groups are so narrow that panels with zeros in place of other outputs take too much.
  func packed(_ options: FusionOptions) -> [PackedMatrix]? {
    // Windows of a group would be quantized for it alone.
    let isQuantized = options.quantization == .dynamic && groups == 1
    let count = isDepthwise ? 1 : groups
    let (size, inputs) = (outputs / count, taps * perGroup)
    let filled = max(size, PackedMatrix.panelOutputs) * count * inputs
    guard count == 1 || filled <= max(2 * weights.count, Self.mostFilled) else { return nil }
    return try? (0..<count).map { block in
      try PackedMatrix(
        kind: isQuantized ? .int8PerOutput : .float(.f32), outputs: size, inputs: inputs,
        bias: Array(bias[block * size..<(block + 1) * size]), in: options.arena
      ) { writer throws(ComputeError) in
        for output in 0..<size { try writer.append(row(block * size + output)) }
      }
    }
  }

  /// Of an output, the taps in order, each with its channels.
  private func row(_ output: Int) -> [Float] {
    let start = output * perGroup * taps
    return (0..<taps * perGroup).map { place in
      weights[start + place % perGroup * taps + place / perGroup] * factors[output]
    }
  }
}
