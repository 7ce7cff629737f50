internal import Compute
internal import Models

/// The largest values of windows over images in fp32.
struct FloatMaxPool: ImageOperator {
  let processor: Processor
  let rule: WindowRule
  let kernel: (height: Int, width: Int)
  var takesLast = [false]
  var givesLast = false

  init(processor: Processor, rule: WindowRule, kernel: (height: Int, width: Int)) {
    self.processor = processor
    self.rule = rule
    self.kernel = kernel
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try context.lastImages(
      inputs.tensor(0, .float), isLast: takesLast[0], processor)
    let held = try context.windows(
      rule.shape(height: x.height, width: x.width, channels: x.channels, kernel: kernel))
    let windows = held.plan
    defer { withExtendedLifetime(held) {} }
    let result = try context.unwritten([
      x.images, windows.shape.outputHeight, windows.shape.outputWidth, x.channels,
    ])
    if result.count > 0 {
      let output = result.rows(of: x.channels)
      try context.watch.portions(output.rows, products: windows.shape.taps * x.channels) {
        processor.poolLargest(x.rows, windows, into: output, pixels: $0)
      }
    }
    return .tensors(try context.answer(result, isLast: givesLast, processor))
  }
}

/// The mean of each channel of images in fp32.
struct FloatGlobalAverage: ImageOperator {
  let processor: Processor
  var takesLast = [false]
  var givesLast = false

  init(processor: Processor) { self.processor = processor }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let given = try inputs.tensor(0, .float)
    guard takesLast[0] else {
      let means = try GlobalPool(kind: .mean, order: nil).compute(inputs, context)
      guard givesLast, case .tensor(let tensor)? = means.first else { return means }
      return .tensors(
        GraphTensor(tensor, shape: [given.shape[0], 1, 1, given.shape[1]]))
    }
    let x = try FloatImages(given)
    let rows = GraphTensor(given, shape: [x.images, x.height * x.width, x.channels])
    let mean = Reduce(
      kind: .mean, axes: [1], keepsDimensions: false, passesWithoutAxes: false)
    guard case .tensor(let means)? = try mean.compute(GraphInputs([.tensor(rows)]), context).first
    else { throw GraphError("no mean of images") }
    return .tensors(
      GraphTensor(
        means, shape: givesLast ? [x.images, 1, 1, x.channels] : [x.images, x.channels, 1, 1]))
  }
}
