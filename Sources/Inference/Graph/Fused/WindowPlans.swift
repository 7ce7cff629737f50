internal import Compute
internal import Synchronization

/// Where the windows of one operator read, worked out for the size of the last images: most graphs
/// know only one.
final class WindowPlans: Sendable {
  let rule: WindowRule
  let kernel: (height: Int, width: Int)
  /// Whether images have the padding around them, and rows of the kernel are read in one run.
  let joinsRows: Bool
  private let last = Mutex<ConvolutionPlan?>(nil)

  init(_ rule: WindowRule, kernel: (height: Int, width: Int), joinsRows: Bool = false) {
    self.rule = rule
    self.kernel = kernel
    self.joinsRows = joinsRows
  }

  func plan(for images: ByteImages) throws -> ConvolutionPlan {
    if let plan = last.withLock({ $0 }), plan.shape.height == images.height,
      plan.shape.width == images.width
    {
      return plan
    }
    let shape = try rule.shape(
      height: images.height, width: images.width, channels: images.channels, kernel: kernel)
    let new = try ConvolutionPlan(shape, joinsRows: joinsRows)
    last.withLock { $0 = new }
    return new
  }
}

extension WindowRule {
  /// The windows over images of a size, with the padding that gives as many as the node asks for.
  func shape(
    height: Int, width: Int, channels: Int, kernel: (height: Int, width: Int)
  ) throws -> ConvolutionShape {
    let windows = try windows([height, width], kernel: [kernel.height, kernel.width])
    func behind(_ axis: Int) -> Int {
      let reach = (windows.kernel[axis] - 1) * windows.dilations[axis] + 1
      let end = (windows.outputs[axis] - 1) * windows.strides[axis] + reach
      return max(0, end - windows.sizes[axis] - windows.befores[axis])
    }
    guard windows.outputs.allSatisfy({ $0 > 0 }) else {
      throw GraphError("images of \(height)×\(width) are smaller than the window")
    }
    return ConvolutionShape(
      height: height, width: width, channels: channels, kernel: kernel,
      strides: (windows.strides[0], windows.strides[1]),
      dilations: (windows.dilations[0], windows.dilations[1]),
      padding: ImageBorder(
        top: windows.befores[0], left: windows.befores[1], bottom: behind(0), right: behind(1)))
  }
}
