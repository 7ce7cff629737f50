internal import Compute
internal import Models

/// Where the windows of one operator read.
struct WindowPlans: Sendable {
  let rule: WindowRule
  let kernel: (height: Int, width: Int)
  /// Whether images have the padding around them, and rows of the kernel are read in one run.
  var joinsRows = false

  init(_ rule: WindowRule, kernel: (height: Int, width: Int), joinsRows: Bool = false) {
    self.rule = rule
    self.kernel = kernel
    self.joinsRows = joinsRows
  }

  func plan(
    for images: ByteImages, _ context: GraphContext
  ) throws -> HeldPlan<ConvolutionPlan> {
    try context.plan(
      rule.shape(
        height: images.height, width: images.width, channels: images.channels, kernel: kernel),
      joinsRows: joinsRows)
  }

  func inferred(_ input: GraphFact, channels: ONNXDimension? = nil) throws -> GraphFact {
    let kernel = [kernel.height, kernel.width]
    return GraphFact(
      .uint8, try rule.inferred(input.shape, kernel: kernel, channels: channels))
  }
}

extension WindowRule {
  /// The windows over images of a size, with the padding that gives as many as the node asks for.
  func shape(
    height: Int, width: Int, channels: Int, kernel: (height: Int, width: Int)
  ) throws -> ConvolutionShape {
    let windows = try windows([height, width], kernel: [kernel.height, kernel.width])
    guard windows.outputs.allSatisfy({ $0 > 0 }) else {
      throw GraphError("images of \(height)×\(width) have no windows")
    }
    let behind = windows.behind
    return ConvolutionShape(
      height: height, width: width, channels: channels, kernel: kernel,
      strides: (windows.strides[0], windows.strides[1]),
      dilations: (windows.dilations[0], windows.dilations[1]),
      padding: ImageBorder(
        top: windows.befores[0], left: windows.befores[1], bottom: behind[0], right: behind[1]))
  }
}

extension Windows {
  /// How far the windows reach beyond the tensor in each direction.
  var behind: [Int] {
    sizes.indices.map { axis in
      let reach = (kernel[axis] - 1) * dilations[axis] + 1
      return max(0, (outputs[axis] - 1) * strides[axis] + reach - sizes[axis] - befores[axis])
    }
  }
}
