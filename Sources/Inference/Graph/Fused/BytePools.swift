internal import Compute
internal import Models

/// The largest byte of each window (ONNX: MaxPool between bytes of one scale).
struct ByteMaxPool: GraphOperator {
  let processor: Processor
  let windows: WindowPlans

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] { [try windows.inferred(inputs[0])] }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let input = try inputs.images(0)
    let held = try windows.plan(for: input, context)
    let plan = held.plan
    defer { withExtendedLifetime(held) {} }
    return [
      try context.images(
        input.images, height: plan.shape.outputHeight, width: plan.shape.outputWidth,
        channels: input.channels, zero: input.zero
      ) { output in
        try context.watch.portions(
          input.images * plan.shape.pixels, products: plan.taps * input.channels
        ) { processor.maxPool(input, plan, into: output, pixels: $0) }
      }
    ]
  }
}

/// The mean of each window (ONNX: AveragePool between bytes).
struct ByteAveragePool: GraphOperator {
  let processor: Processor
  let rule: WindowRule
  let kernel: (height: Int, width: Int)
  let countsPadding: Bool
  let from: ByteScale
  let to: ByteScale

  init(
    processor: Processor, rule: WindowRule, kernel: (height: Int, width: Int), countsPadding: Bool,
    from: ByteScale, to: ByteScale
  ) {
    self.processor = processor
    self.rule = rule
    self.kernel = kernel
    self.countsPadding = countsPadding
    self.from = from
    self.to = to
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [try WindowPlans(rule, kernel: kernel).inferred(inputs[0])]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let input = try inputs.images(0)
    let held = try plan(input, context)
    let average = held.plan
    defer { withExtendedLifetime(held) {} }
    let shape = average.plan.shape
    return [
      try context.images(
        input.images, height: shape.outputHeight, width: shape.outputWidth,
        channels: input.channels, zero: to.zero
      ) { output in
        try context.watch.portions(
          input.images * shape.pixels, products: shape.taps * input.channels
        ) { processor.averagePool(input, from, average, into: output, to, pixels: $0) }
      }
    ]
  }

  private func plan(
    _ input: ByteImages, _ context: GraphContext
  ) throws -> HeldPlan<AveragePlan> {
    guard kernel.height <= 1 << 11, kernel.width <= 1 << 11 else {
      throw GraphError("a window of \(kernel.height)×\(kernel.width)")
    }
    let windows = try rule.windows(
      [input.height, input.width], kernel: [kernel.height, kernel.width])
    let behind = windows.behind
    // Places that only the last windows of ceil_mode reach are no padding.
    let overhang = behind.indices.map { axis in
      windows.afters.map { max(0, behind[axis] - $0[axis]) } ?? 0
    }
    return try context.means(
      rule.shape(
        height: input.height, width: input.width, channels: input.channels, kernel: kernel),
      countsPadding: countsPadding, overhang: (overhang[0], overhang[1]))
  }
}

/// The mean of each channel (ONNX: GlobalAveragePool between bytes).
struct ByteGlobalAverage: GraphOperator {
  /// Whose sum has 32 bits.
  static let mostPixels = Int(Int32.max) / 255

  let processor: Processor
  let from: ByteScale
  let to: ByteScale

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let input = try inputs.images(0)
    guard input.height * input.width <= Self.mostPixels else {
      throw GraphError("a mean of more than \(Self.mostPixels) bytes")
    }
    return [
      try context.images(
        input.images, height: 1, width: 1, channels: input.channels, zero: to.zero
      ) { output in
        processor.averages(input, from, into: output, to)
      }
    ]
  }
}
