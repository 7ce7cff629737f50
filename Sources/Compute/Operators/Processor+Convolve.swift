internal import CKernels

extension Processor {
  /// A quantized two-dimensional convolution of all images, channels last.
  ///
  /// The answer for an image is the same whatever images are beside it. What the kernel finds
  /// outside of an image is the input's zero.
  ///
  /// - Parameters:
  ///   - input: [images][height][width][channels], of the plan's shape and border.
  ///   - output: takes as many images; of the plan's output size and the convolution's outputs.
  ///     May be the addition's tensor, not the input.
  ///   - pixels: those that are computed, counted over all images; nil: all.
  package func convolve(
    _ input: ByteImages, by convolution: PackedConvolution, _ plan: ConvolutionPlan,
    adding addition: ByteAddition? = nil, into output: ByteImages, pixels: Range<Int>? = nil
  ) {
    let shape = plan.shape
    precondition(
      convolution.channels == plan.tapValues && convolution.taps == plan.taps,
      "the plan is not the convolution's")
    prepare(input, plan, convolution.outputs, convolution.quantization, addition, output)
    let pixels = shape.chosen(pixels, images: input.images)
    let work = pixels.count * convolution.outputs * convolution.taps * convolution.run
    unsafe plan.offsets.withUnsafeBufferPointer { offsets in
      var job = unsafe ck_conv_u8(
        x: input.pointer, image_stride: input.imageStride, offsets: offsets.baseAddress,
        pixels: shape.pixels, taps: plan.taps, run: convolution.run, w: convolution.weights,
        w_sums: convolution.sums, n: convolution.outputs,
        epilogue: ck_requantizer(
          convolution.quantization, convolution.biases, convolution.scales, addition, output))
      unsafe withUnsafePointer(to: &job) { job in
        runTiles(pixels: pixels, panels: convolution.panels, work: work) { pixels, panels in
          unsafe kernels.pointee.conv_u8(
            job, pixels.lowerBound, pixels.upperBound, panels.lowerBound, panels.upperBound)
        }
      }
    }
  }

  /// Gives the output its images; what does not fit together ends the process.
  func prepare(
    _ input: ByteImages, _ plan: ConvolutionPlan, _ outputs: Int,
    _ quantization: OutputQuantization, _ addition: ByteAddition?, _ output: ByteImages
  ) {
    let shape = plan.shape
    precondition(
      input.height == shape.height && input.width == shape.width
        && input.channels == shape.channels && input.border == plan.border,
      "the input is not of the convolution's shape")
    precondition(
      output.height == shape.outputHeight && output.width == shape.outputWidth
        && output.channels == outputs && output.border == nil && output !== input,
      "the output is not of the convolution's shape")
    output.reshape(images: input.images)
    if let other = addition?.other {
      precondition(
        other.images == input.images && other.height == output.height
          && other.width == output.width && other.channels == output.channels
          && other.border == nil,
        "what is added is not of the output's shape")
    }
    precondition(output.zero == (addition?.zero ?? quantization.zero))
  }

  /// Parts of some pixels and, where there are few of those, of some panels: as for products.
  ///
  /// - Parameter work: multiplications in all.
  func runTiles(
    pixels: Range<Int>, panels: Int, work: Int, _ body: (Range<Int>, Range<Int>) -> Void
  ) {
    let (first, count) = (pixels.lowerBound, pixels.count)
    guard count > 0 else { return }
    // Whole tiles of 6 pixels and of 8.
    let step = 24
    let steps = (count + step - 1) / step
    let pixelsPerPart = 192
    let operationsPerPart = 700_000
    let wanted = threads == 1 ? 1 : min(2 * work / operationsPerPart, 6 * threads)
    var pixelParts = (count + pixelsPerPart - 1) / pixelsPerPart
    let panelParts = min(panels, max(1, wanted / pixelParts))
    // Parts are few: a thread that has one more than another is waited for.
    if wanted >= threads, pixelParts * panelParts % threads != 0 {
      pixelParts = min(steps, (pixelParts + threads - 1) / threads * threads)
    }
    run(parts: pixelParts * panelParts) { part in
      let pixel = part % pixelParts
      let panel = part / pixelParts
      let own =
        steps * pixel / pixelParts * step..<min(count, steps * (pixel + 1) / pixelParts * step)
      body(
        first + own.lowerBound..<first + own.upperBound,
        panels * panel / panelParts..<panels * (panel + 1) / panelParts)
    }
  }
}

extension ck_requantizer {
  /// - Parameters:
  ///   - biases: s32, as many as outputs of all panels; `scales` likewise.
  ///   - channel: the output's channel where the panels begin.
  init(
    _ own: OutputQuantization, _ biases: UnsafePointer<Int32>, _ scales: UnsafePointer<Float>,
    _ addition: ByteAddition?, _ output: ByteImages, channel: Int = 0
  ) {
    let sum = addition?.range.bounds(from: addition?.zero ?? 0) ?? (low: 0, high: 0)
    let bounds = own.range.bounds(from: own.zero)
    unsafe self.init(
      bias: biases, scales: scales, low: bounds.low, high: bounds.high,
      other: addition.map { unsafe UnsafePointer($0.other.pointer + channel) },
      other_zero: Int32(addition?.other.zero ?? 0), kept: addition?.kept ?? 0,
      added: addition?.added ?? 0, sum_low: sum.low, sum_high: sum.high, zero: Int32(output.zero),
      out: output.pointer + channel, out_stride: output.pixelStride,
      out_image_stride: output.imageStride)
  }
}
