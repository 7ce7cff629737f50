internal import CKernels

extension Processor {
  /// The largest value under each place of a kernel, for each channel; what is outside of an image
  /// does not count. Where a window finds nothing it is 0, the lowest.
  ///
  /// - Parameters:
  ///   - input: [images][height][width][channels], of the plan's shape.
  ///   - output: takes as many images; of the plan's output size, and the input's zero.
  ///   - pixels: those that are computed, counted over all images; nil: all.
  package func maxPool(
    _ input: ByteImages, _ plan: ConvolutionPlan, into output: ByteImages,
    pixels: Range<Int>? = nil
  ) {
    let shape = plan.shape
    precondition(fit(input, plan, output) && output.zero == input.zero)
    output.reshape(images: input.images)
    unsafe plan.offsets.withUnsafeBufferPointer { offsets in
      var job = unsafe ck_max_u8(
        x: input.pointer, image_stride: input.imageStride, offsets: offsets.baseAddress,
        outside: ByteImages.outside(shape.channels), pixels: shape.pixels, taps: shape.taps,
        run: input.pixelStride, out: output.pointer, out_stride: output.pixelStride,
        out_image_stride: output.imageStride)
      unsafe withUnsafePointer(to: &job) { job in
        run(
          shape.chosen(pixels, images: input.images), cost: shape.taps * shape.channels / 16
        ) {
          unsafe kernels.pointee.max_u8(job, $0.lowerBound, $0.upperBound)
        }
      }
    }
  }

  /// The mean under each place of a kernel, for each channel, as bytes of another scale:
  /// round(mean · scale / output scale) to nearest even, plus the output's zero, kept within
  /// 0...255. Where a window finds nothing it is the zero.
  ///
  /// - Parameters:
  ///   - input: [images][height][width][channels], of the plan's shape.
  ///   - output: takes as many images; of the plan's output size.
  ///   - pixels: those that are computed, counted over all images; nil: all.
  package func averagePool(
    _ input: ByteImages, _ scale: ByteScale, _ average: AveragePlan, into output: ByteImages,
    _ outputScale: ByteScale, pixels: Range<Int>? = nil
  ) {
    let plan = average.plan
    let shape = plan.shape
    precondition(
      fit(input, plan, output) && scale.zero == input.zero && outputScale.zero == output.zero)
    precondition(shape.taps <= Int(Int32.max) / 255)
    output.reshape(images: input.images)
    let factor = scale.scale / outputScale.scale
    let factors = average.divisors.map { $0 == 0 ? 0 : factor / Float($0) }
    unsafe plan.offsets.withUnsafeBufferPointer { offsets in
      unsafe factors.withUnsafeBufferPointer { factors in
        var job = unsafe ck_average_u8(
          x: input.pointer, image_stride: input.imageStride, offsets: offsets.baseAddress,
          outside: ByteImages.outside(shape.channels), pixels: shape.pixels, taps: shape.taps,
          channels: shape.channels, x_zero: Int32(input.zero), factors: factors.baseAddress,
          zero: Int32(output.zero), out: output.pointer, out_stride: output.pixelStride,
          out_image_stride: output.imageStride)
        unsafe withUnsafePointer(to: &job) { job in
          run(
            shape.chosen(pixels, images: input.images), cost: shape.taps * shape.channels / 8
          ) {
            unsafe kernels.pointee.average_u8(job, $0.lowerBound, $0.upperBound)
          }
        }
      }
    }
  }

  private func fit(_ input: ByteImages, _ plan: ConvolutionPlan, _ output: ByteImages) -> Bool {
    let shape = plan.shape
    return input.height == shape.height && input.width == shape.width
      && input.channels == shape.channels && output.height == shape.outputHeight
      && output.width == shape.outputWidth && output.channels == shape.channels
      && input.border == nil && output.border == nil && !plan.joinsRows && output !== input
  }

  /// The mean of each channel of each image, as bytes of another scale: as `averagePool` with one
  /// window over all.
  ///
  /// - Parameters:
  ///   - scale: of the input.
  ///   - output: takes as many images; of one pixel and the input's channels.
  package func averages(
    _ input: ByteImages, _ scale: ByteScale, into output: ByteImages, _ outputScale: ByteScale
  ) {
    precondition(
      output.height == 1 && output.width == 1 && output.channels == input.channels
        && input.border == nil && output.border == nil && output !== input
        && scale.zero == input.zero && outputScale.zero == output.zero)
    output.reshape(images: input.images)
    let pixels = input.height * input.width
    precondition(pixels <= Int(Int32.max) / 255)
    let factor = scale.scale / outputScale.scale / Float(pixels)
    let zeros = Int32(input.zero) * Int32(pixels)
    let block = 64
    let blocks = (input.channels + block - 1) / block
    run(count: input.images * blocks, cost: pixels * min(block, input.channels) / 8) { range in
      unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: block) { sums in
        guard let base = sums.baseAddress else { return }
        for index in range {
          let first = index % blocks * block
          let count = min(block, input.channels - first)
          let from = unsafe input.pointer + index / blocks * input.imageStride + first
          unsafe kernels.pointee.add_up_u8(from, pixels, input.pixelStride, count, base)
          let to = unsafe output.pointer + index / blocks * output.imageStride + first
          for channel in 0..<count {
            let mean = unsafe (Float(base[channel] - zeros) * factor).rounded(.toNearestOrEven)
            unsafe to[channel] = UInt8(min(max(mean + Float(output.zero), 0), 255))
          }
        }
      }
    }
  }
}
