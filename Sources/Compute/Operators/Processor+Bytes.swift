internal import CKernels

/// The scale and the zero point of a tensor of bytes: a byte stands for (byte − zero) · scale.
package struct ByteScale: Sendable, Equatable {
  package var scale: Float
  package var zero: UInt8

  package init(scale: Float, zero: UInt8) {
    self.scale = scale
    self.zero = zero
  }
}

extension Processor {
  /// Quantizes images as models are given them: clamp(round(value / scale) + zero, 0, 255), to
  /// nearest even.
  ///
  /// - Parameters:
  ///   - values: f32 [images][channels][height][width]
  ///   - output: takes so many images; its zero is that of `scale`.
  package func quantize(
    planes values: Span<Float>, images: Int, _ scale: ByteScale, into output: ByteImages
  ) {
    let pixels = output.height * output.width
    let channels = output.channels
    precondition(values.count == images * channels * pixels && scale.zero == output.zero)
    output.reshape(images: images)
    let stride = output.pixelStride
    run(count: images * output.height, cost: 4 * output.width * channels) { rows in
      var bytes = [UInt8](repeating: 0, count: output.width)
      for row in rows {
        let image = row / output.height
        let y = row % output.height
        let start =
          unsafe output.pointer + image * output.imageStride + output.place(row: y, column: 0)
        for channel in 0..<channels {
          let from = (image * channels + channel) * pixels + y * output.width
          unsafe values.extracting(from..<from + output.width).withUnsafeBufferPointer { plane in
            guard let plane = plane.baseAddress else { return }
            unsafe bytes.withUnsafeMutableBufferPointer { bytes in
              guard let base = bytes.baseAddress else { return }
              unsafe kernels.pointee.quantize_u8(
                plane, output.width, scale.scale, Int32(scale.zero), base)
              for x in 0..<output.width { unsafe start[x * stride + channel] = base[x] }
            }
          }
        }
      }
    }
  }

  /// The largest value under each place of a kernel, for each channel; what is outside of an image
  /// does not count.
  ///
  /// - Parameters:
  ///   - input: [images][height][width][channels], of the plan's shape, whose kernel finds
  ///     something inside everywhere.
  ///   - output: takes as many images; of the plan's output size, and the input's zero.
  package func maxPool(_ input: ByteImages, _ plan: ConvolutionPlan, into output: ByteImages) {
    let shape = plan.shape
    precondition(
      input.height == shape.height && input.width == shape.width
        && input.channels == shape.channels && output.height == shape.outputHeight
        && output.width == shape.outputWidth && output.channels == shape.channels
        && input.border == nil && output.border == nil && !plan.joinsRows
        && output.zero == input.zero && output !== input)
    output.reshape(images: input.images)
    unsafe plan.offsets.withUnsafeBufferPointer { offsets in
      var job = unsafe ck_max_u8(
        x: input.pointer, image_stride: input.imageStride, offsets: offsets.baseAddress,
        outside: ByteImages.outside(shape.channels), pixels: shape.pixels, taps: shape.taps,
        run: input.pixelStride, out: output.pointer, out_stride: output.pixelStride,
        out_image_stride: output.imageStride)
      unsafe withUnsafePointer(to: &job) { job in
        run(count: input.images * shape.pixels, cost: shape.taps * shape.channels / 16) { pixels in
          unsafe kernels.pointee.max_u8(job, pixels.lowerBound, pixels.upperBound)
        }
      }
    }
  }

  /// The mean of each channel of each image, as bytes of another scale: round(mean · scale /
  /// output scale) to nearest even, plus the output's zero, kept within 0...255.
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
    let factor = scale.scale / (outputScale.scale * Float(pixels))
    let zeros = Int32(input.zero) * Int32(pixels)
    run(count: input.images, cost: pixels * input.channels / 16) { images in
      var sums = [Int32](repeating: 0, count: input.channels)
      for image in images {
        let from = unsafe input.pointer + image * input.imageStride
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          guard let base = sums.baseAddress else { return }
          unsafe kernels.pointee.add_up_u8(from, pixels, input.pixelStride, input.channels, base)
        }
        let to = unsafe output.pointer + image * output.imageStride
        for (channel, sum) in sums.enumerated() {
          let mean = (Float(sum - zeros) * factor).rounded(.toNearestOrEven)
          unsafe to[channel] = UInt8(min(max(mean + Float(output.zero), 0), 255))
        }
      }
    }
  }
}
