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

/// Where tensors of floats become images of bytes, and back.
extension Processor {
  /// Quantizes images as models are given them: clamp(round(value / scale) + zero, 0, 255), to
  /// nearest even; what is no number becomes 0.
  ///
  /// - Parameters:
  ///   - values: f32 [images][channels][height][width]
  ///   - output: takes so many images; its zero is that of `scale`.
  package func quantize(
    planes values: Span<Float>, images: Int, _ scale: ByteScale, into output: ByteImages
  ) {
    quantize(values, .planes, images: images, scale, into: output)
  }

  /// The numbers that images stand for: (byte − zero) · scale.
  ///
  /// - Parameter values: f32 [images][channels][height][width]
  package func dequantize(
    _ input: ByteImages, _ scale: ByteScale, into values: inout MutableSpan<Float>
  ) {
    dequantize(input, scale, .planes, into: &values)
  }

  /// As `quantize(planes:)`, of pixels whose channels lie side by side.
  ///
  /// - Parameter values: f32 [images][height][width][channels]
  package func quantize(
    pixels values: Span<Float>, images: Int, _ scale: ByteScale, into output: ByteImages
  ) {
    quantize(values, .pixels, images: images, scale, into: output)
  }

  /// As `dequantize`, with the channels of a pixel side by side.
  ///
  /// - Parameter values: f32 [images][height][width][channels]
  package func dequantize(
    _ input: ByteImages, _ scale: ByteScale, pixels values: inout MutableSpan<Float>
  ) {
    dequantize(input, scale, .pixels, into: &values)
  }

  /// How the floats of an image lie.
  private enum FloatLayout {
    case planes, pixels

    /// From one channel of a pixel to the next, and from one pixel to the next.
    func strides(_ images: ByteImages) -> (channel: Int, pixel: Int) {
      switch self {
      case .planes: (images.height * images.width, 1)
      case .pixels: (1, images.channels)
      }
    }
  }

  private func quantize(
    _ values: Span<Float>, _ layout: FloatLayout, images: Int, _ scale: ByteScale,
    into output: ByteImages
  ) {
    let size = output.height * output.width * output.channels
    precondition(values.count == images * size && scale.zero == output.zero)
    output.reshape(images: images)
    let strides = layout.strides(output)
    unsafe values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      runs(output, images: images, layout) { run in
        unsafe kernels.pointee.quantize_planes(
          base + run.image * size + run.pixel * strides.pixel, strides.channel, output.channels,
          run.count, scale.scale, Int32(scale.zero), output.pointer + run.place,
          output.pixelStride)
      }
    }
  }

  private func dequantize(
    _ input: ByteImages, _ scale: ByteScale, _ layout: FloatLayout,
    into values: inout MutableSpan<Float>
  ) {
    let size = input.height * input.width * input.channels
    precondition(values.count == input.images * size && scale.zero == input.zero)
    let strides = layout.strides(input)
    unsafe values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      runs(input, images: input.images, layout) { run in
        unsafe kernels.pointee.dequantize_planes(
          input.pointer + run.place, input.pixelStride, input.channels, run.count, scale.scale,
          Int32(scale.zero), base + run.image * size + run.pixel * strides.pixel,
          strides.channel)
      }
    }
  }

  /// Quantizes values as `quantize(planes:)`, each where it stands.
  package func quantize(
    _ values: Span<Float>, _ scale: ByteScale, into bytes: inout MutableSpan<UInt8>
  ) {
    precondition(values.count == bytes.count)
    unsafe values.withUnsafeBufferPointer { values in
      unsafe bytes.withUnsafeMutableBufferPointer { bytes in
        guard let from = values.baseAddress, let to = bytes.baseAddress else { return }
        run(count: values.count, cost: 1) { range in
          let start = range.lowerBound
          unsafe kernels.pointee.quantize_planes(
            from + start, 1, range.count, 1, scale.scale, Int32(scale.zero), to + start,
            range.count)
        }
      }
    }
  }

  /// The numbers that bytes stand for, each where it stands.
  package func dequantize(
    _ bytes: Span<UInt8>, _ scale: ByteScale, into values: inout MutableSpan<Float>
  ) {
    precondition(values.count == bytes.count)
    unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe values.withUnsafeMutableBufferPointer { values in
        guard let from = bytes.baseAddress, let to = values.baseAddress else { return }
        run(count: values.count, cost: 1) { range in
          let start = range.lowerBound
          unsafe kernels.pointee.dequantize_planes(
            from + start, range.count, range.count, 1, scale.scale, Int32(scale.zero), to + start,
            1)
        }
      }
    }
  }

  /// What kernels take at once. Of planes: pixels that lie side by side, rows where there is a
  /// border and else pieces of an image. Of all else: single pixels.
  private func runs(
    _ images: ByteImages, images count: Int, _ layout: FloatLayout, _ body: (PixelRun) -> Void
  ) {
    let pixels = images.height * images.width
    let most = images.border == nil ? min(pixels, 256) : images.width
    let length = layout == .planes ? most : 1
    let each = (pixels + length - 1) / length
    run(count: count * each, cost: length * images.channels) { range in
      for index in range {
        let pixel = index % each * length
        let place = images.place(row: pixel / images.width, column: pixel % images.width)
        body(
          PixelRun(
            image: index / each, pixel: pixel, count: min(length, pixels - pixel),
            place: index / each * images.imageStride + place))
      }
    }
  }
}

private struct PixelRun {
  let image: Int
  /// The first, counted within the image, and how many.
  let pixel: Int
  let count: Int
  /// Where the first begins, from the first byte of the first image.
  let place: Int
}
