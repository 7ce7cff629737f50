internal import CKernels

extension Processor {
  /// A quantized two-dimensional convolution in groups, as the one of all channels.
  ///
  /// - Parameters:
  ///   - input: [images][height][width][channels], of the plan's shape, without a border.
  ///   - plan: does not join rows.
  ///   - output: takes as many images; of the plan's output size and the convolution's outputs.
  ///     May be the addition's tensor, not the input.
  ///   - pixels: those that are computed, counted over all images; nil: all.
  package func convolve(
    _ input: ByteImages, by convolution: GroupedConvolution, _ plan: ConvolutionPlan,
    adding addition: ByteAddition? = nil, into output: ByteImages, pixels: Range<Int>? = nil
  ) {
    precondition(
      !plan.joinsRows && convolution.channels == plan.shape.channels
        && convolution.taps == plan.taps, "the plan is not the convolution's")
    prepare(input, plan, convolution.outputs, convolution.quantization, addition, output)
    let pixels = plan.shape.chosen(pixels, images: input.images)
    switch convolution.weights {
    case .depthwise(let weights):
      convolve(
        input, by: weights, convolution.quantization, plan, adding: addition, into: output, pixels)
    case .blocks(let blocks):
      convolve(input, by: blocks, plan, adding: addition, into: output, pixels)
    }
  }

  private func convolve(
    _ input: ByteImages, by weights: DepthwiseWeights, _ quantization: OutputQuantization,
    _ plan: ConvolutionPlan, adding addition: ByteAddition?, into output: ByteImages,
    _ pixels: Range<Int>
  ) {
    unsafe plan.offsets.withUnsafeBufferPointer { offsets in
      var job = unsafe ck_depthwise_u8(
        x: input.pointer, image_stride: input.imageStride, offsets: offsets.baseAddress,
        pixels: plan.shape.pixels, rows: weights.rows, columns: weights.columns,
        run: plan.shape.outputWidth, shift: weights.shift(in: plan), w: weights.weights,
        w_sums: weights.sums, n: weights.channels,
        epilogue: ck_requantizer(quantization, weights.biases, weights.scales, addition, output))
      unsafe withUnsafePointer(to: &job) { job in
        // A sum of a few products costs as much as sixteen in a dense convolution each.
        let work = pixels.count * weights.channels * plan.taps * 16
        runTiles(pixels: pixels, panels: weights.panels, work: work) { pixels, panels in
          unsafe kernels.pointee.depthwise_u8(
            job, pixels.lowerBound, pixels.upperBound, panels.lowerBound, panels.upperBound)
        }
      }
    }
  }

  private func convolve(
    _ input: ByteImages, by blocks: [PackedConvolution], _ plan: ConvolutionPlan,
    adding addition: ByteAddition?, into output: ByteImages, _ pixels: Range<Int>
  ) {
    guard let first = blocks.first else { return }
    let work = pixels.count * blocks.count * first.outputs * first.taps * first.run
    unsafe plan.offsets.withUnsafeBufferPointer { offsets in
      runTiles(pixels: pixels, panels: blocks.count * first.panels, work: work) { pixels, panels in
        for index in panels.lowerBound / first.panels...(panels.upperBound - 1) / first.panels {
          let block = blocks[index]
          let own = panels.clamped(
            to: index * first.panels..<(index + 1) * first.panels)
          var job = unsafe ck_conv_u8(
            x: input.pointer + index * first.channels, image_stride: input.imageStride,
            offsets: offsets.baseAddress, pixels: plan.shape.pixels, taps: plan.taps,
            run: block.run, w: block.weights, w_sums: block.sums, n: block.outputs,
            epilogue: ck_requantizer(
              block.quantization, block.biases, block.scales, addition, output,
              channel: index * first.outputs))
          unsafe kernels.pointee.conv_u8(
            &job, pixels.lowerBound, pixels.upperBound, own.lowerBound - index * first.panels,
            own.upperBound - index * first.panels)
        }
      }
    }
  }
}
