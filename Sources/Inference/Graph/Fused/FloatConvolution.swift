internal import Compute
internal import Models

/// A convolution of floats with constant weights, in fp32 or int8, and what follows it: bias,
/// another tensor that is added, a range. Reads the images, then what is added, if anything.
struct FloatConvolution: ImageOperator {
  let processor: Processor
  let rule: WindowRule
  let kernel: (height: Int, width: Int)
  /// One for each group of channels; all of those that are convolved by themselves have one.
  let blocks: [PackedMatrix]
  let isDepthwise: Bool
  /// Channels of the input.
  let channels: Int
  let adds: Bool
  let range: ClosedRange<Float>?
  var takesLast: [Bool]
  var givesLast = false

  init(
    processor: Processor, rule: WindowRule, kernel: (height: Int, width: Int),
    blocks: [PackedMatrix], isDepthwise: Bool, channels: Int, adds: Bool,
    range: ClosedRange<Float>?
  ) {
    self.processor = processor
    self.rule = rule
    self.kernel = kernel
    self.blocks = blocks
    self.isDepthwise = isDepthwise
    self.channels = channels
    self.adds = adds
    self.range = range
    takesLast = adds ? [false, false] : [false]
  }

  private var outputs: Int { blocks.reduce(0) { $0 + $1.outputs } }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let given = try inputs.tensor(0, .float)
    let (x, held) = try prepared(given, context)
    let windows = held.plan
    defer { withExtendedLifetime(held) {} }
    let shape = [
      given.rank > 0 ? given.shape[0] : 0, windows.shape.outputHeight, windows.shape.outputWidth,
      outputs,
    ]
    let result = try context.unwritten(shape)
    guard result.count > 0 else {
      return .tensors(try context.answer(result, isLast: givesLast, processor))
    }
    var other: FloatRows?
    if adds {
      let added = try inputs.tensor(1, .float)
      let images = try context.lastImages(added, isLast: takesLast[1], processor)
      guard images.tensor.shape == shape else {
        return try stretched(x, windows, result, images.tensor, context)
      }
      other = images.tensor.rows(of: outputs)
    }
    let epilogue: Epilogue =
      range.map { .clamp($0, adding: other) } ?? other.map { .add($0) } ?? .store
    try convolve(x, windows, epilogue, into: result, context)
    return .tensors(try context.answer(result, isLast: givesLast, processor))
  }

  private func convolve(
    _ x: FloatRows, _ windows: FloatWindows, _ epilogue: Epilogue, into result: GraphTensor,
    _ context: GraphContext
  ) throws {
    let output = result.rows(of: outputs)
    let products = blocks.reduce(0) { $0 + $1.inputs * $1.outputs }
    try context.watch.portions(output.rows, products: products) {
      processor.convolve(
        x, by: blocks, windows, isDepthwise: isDepthwise, epilogue: epilogue, into: output,
        pool: context.budget.pool, pixels: $0)
    }
  }

  /// What is added has another shape, and is stretched to the answer's or that to it.
  private func stretched(
    _ x: FloatRows, _ windows: FloatWindows, _ result: GraphTensor, _ other: GraphTensor,
    _ context: GraphContext
  ) throws -> [GraphValue] {
    try convolve(x, windows, .store, into: result, context)
    let sum = try Arithmetic(kind: .add).compute(
      GraphInputs([.tensor(result), .tensor(other)]), context)
    guard case .tensor(let tensor)? = sum.first else { return sum }
    if let range, tensor.count > 0 { processor.clamp(tensor.rows(of: tensor.shape[3]), to: range) }
    return .tensors(try context.answer(tensor, isLast: givesLast, processor))
  }

  /// The images as the kernel reads them, a row for each.
  private func prepared(
    _ x: GraphTensor, _ context: GraphContext
  ) throws -> (FloatRows, HeldPlan<FloatWindows>) {
    // Planes of few channels get their padding around them, and rows of the kernel in one run.
    let joinsRows =
      !takesLast[0] && !isDepthwise && blocks.count == 1 && channels < 16 && kernel.width > 1
      && (rule.dilations?.last ?? 1) == 1
    guard x.rank == 4 else { throw GraphError("images of the shape \(x.shape)") }
    let last = takesLast[0]
    let (height, width) = (x.shape[last ? 1 : 2], x.shape[last ? 2 : 3])
    guard x.shape[last ? 3 : 1] == channels else {
      throw GraphError("\(x.shape[last ? 3 : 1]) channels where \(channels) are expected")
    }
    let held = try context.windows(
      rule.shape(height: height, width: width, channels: channels, kernel: kernel),
      joinsRows: joinsRows)
    let windows = held.plan
    guard joinsRows else {
      return (try context.lastImages(x, isLast: last, processor).rows, held)
    }
    let bordered = try context.unwritten([x.shape[0], windows.imageCount])
    if x.count > 0 {
      processor.addBorder(
        x.rows(of: height * width * channels), windows, into: bordered.rows(of: windows.imageCount))
    }
    return (bordered.rows(of: windows.imageCount), held)
  }
}
