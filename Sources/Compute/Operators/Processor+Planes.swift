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
    let plane = output.height * output.width
    precondition(values.count == images * output.channels * plane && scale.zero == output.zero)
    output.reshape(images: images)
    unsafe values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      runs(output, images: images) { run in
        let from = unsafe base + run.image * output.channels * plane + run.pixel
        unsafe kernels.pointee.quantize_planes(
          from, plane, output.channels, run.count, scale.scale, Int32(scale.zero),
          output.pointer + run.place, output.pixelStride)
      }
    }
  }

  /// The numbers that images stand for: (byte − zero) · scale.
  ///
  /// - Parameter values: f32 [images][channels][height][width]
  package func dequantize(
    _ input: ByteImages, _ scale: ByteScale, into values: inout MutableSpan<Float>
  ) {
    let plane = input.height * input.width
    precondition(
      values.count == input.images * input.channels * plane && scale.zero == input.zero)
    unsafe values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      runs(input, images: input.images) { run in
        let to = unsafe base + run.image * input.channels * plane + run.pixel
        unsafe kernels.pointee.dequantize_planes(
          input.pointer + run.place, input.pixelStride, input.channels, run.count, scale.scale,
          Int32(scale.zero), to, plane)
      }
    }
  }

  /// Pixels that lie side by side: rows where there is a border, else pieces of an image.
  private func runs(_ images: ByteImages, images count: Int, _ body: (PixelRun) -> Void) {
    let pixels = images.height * images.width
    let length = images.border == nil ? min(pixels, 256) : images.width
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
