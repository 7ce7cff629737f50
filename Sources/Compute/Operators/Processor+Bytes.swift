internal import CKernels

/// Operators that look at each byte by itself. Their images have no border.
extension Processor {
  /// The table's value for every byte.
  ///
  /// - Parameter output: takes as many images, of the input's size; may be the input.
  package func map(_ input: ByteImages, _ table: ByteTable, into output: ByteImages) {
    precondition(input.isLaidOut(as: output), "the output is not of the input's shape")
    if output !== input { output.reshape(images: input.images) }
    unsafe table.values.withUnsafeBufferPointer { values in
      guard let values = values.baseAddress else { return }
      pieces(of: output) { place, count in
        unsafe kernels.pointee.map_u8(
          input.pointer + place, count, values, output.pointer + place)
      }
    }
  }

  /// The sum of two tensors: round(a · its scale / output scale + b likewise) to nearest even, plus
  /// the output's zero, kept within the range.
  ///
  /// - Parameters:
  ///   - b: of the shape of `a`, or one pixel for each image, or one image of one pixel.
  ///   - output: takes as many images, of the shape of `a`; may be `a` or `b`.
  package func add(
    _ a: ByteImages, _ aScale: ByteScale, _ b: ByteImages, _ bScale: ByteScale,
    into output: ByteImages, _ outputScale: ByteScale, range: ClosedRange<UInt8> = 0...255
  ) {
    let factors = (aScale.scale / outputScale.scale, bScale.scale / outputScale.scale)
    precondition(aScale.zero == a.zero && bScale.zero == b.zero)
    unsafe pairs(a, b, factors, into: output, outputScale, range) { job, rows, count in
      unsafe kernels.pointee.add_u8(job, rows, count)
    }
  }

  /// The product of two tensors, element by element, as `add`: round(a · b · their scales / output
  /// scale). With one pixel for each image `b` is the gate of a squeeze-and-excitation.
  package func multiply(
    _ a: ByteImages, _ aScale: ByteScale, _ b: ByteImages, _ bScale: ByteScale,
    into output: ByteImages, _ outputScale: ByteScale, range: ClosedRange<UInt8> = 0...255
  ) {
    let factor = aScale.scale * bScale.scale / outputScale.scale
    precondition(aScale.zero == a.zero && bScale.zero == b.zero)
    unsafe pairs(a, b, (factor, 0), into: output, outputScale, range) { job, rows, count in
      unsafe kernels.pointee.multiply_u8(job, rows, count)
    }
  }

  private func pairs(
    _ a: ByteImages, _ b: ByteImages, _ factors: (Float, Float), into output: ByteImages,
    _ scale: ByteScale, _ range: ClosedRange<UInt8>,
    _ body: (UnsafePointer<ck_pair_u8>, Int, Int) -> Void
  ) {
    let repeats = b.height * b.width == 1 && a.height * a.width > 1
    precondition(
      a.isLaidOut(as: output) && scale.zero == output.zero && b.channels == a.channels
        && b.border == nil && (repeats || a.isLaidOut(as: b))
        && (b.images == a.images || (b.images == 1 && b.height * b.width == 1)),
      "what is combined is not of one shape")
    let images = a.images
    if output !== a && output !== b { output.reshape(images: images) }
    precondition(output.images == images)
    let bImage = b.images == images ? b.imageStride : 0
    let bounds = range.bounds(from: scale.zero)
    pieces(of: output) { place, count in
      // A part begins at a pixel and stays within an image.
      let image = place / output.imageStride
      let at = repeats ? image * bImage : image * bImage + place % output.imageStride
      var job = unsafe ck_pair_u8(
        a: a.pointer + place, b: b.pointer + at, a_stride: a.pixelStride, b_stride: 0,
        a_zero: Int32(a.zero), b_zero: Int32(b.zero), a_factor: factors.0, b_factor: factors.1,
        low: bounds.low, high: bounds.high, zero: Int32(scale.zero), out: output.pointer + place,
        out_stride: output.pixelStride)
      unsafe withUnsafePointer(to: &job) { job in
        if repeats {
          unsafe body(job, count / output.pixelStride, output.channels)
        } else {
          unsafe body(job, 1, count)
        }
      }
    }
  }

  /// The channels of several tensors one after the other.
  ///
  /// - Parameters:
  ///   - parts: of one height, width and number of images; each with what becomes of its bytes,
  ///     where its scale is not the output's.
  ///   - output: takes as many images; none of the parts.
  package func concatenate(
    _ parts: [(images: ByteImages, table: ByteTable?)], into output: ByteImages
  ) {
    precondition(
      parts.reduce(0) { $0 + $1.images.channels } == output.channels && output.border == nil
        && parts.allSatisfy {
          $0.images.height == output.height && $0.images.width == output.width
            && $0.images.border == nil && $0.images.images == parts[0].images.images
            && $0.images !== output
        }, "what is joined is not of one size")
    output.reshape(images: parts.first?.images.images ?? 0)
    pieces(of: output) { place, count in
      let image = place / output.imageStride
      let pixel = place % output.imageStride / output.pixelStride
      var to = unsafe output.pointer + place
      for part in parts {
        let input = part.images
        let from =
          unsafe input.pointer + image * input.imageStride + pixel * input.pixelStride
        let size = (pixels: count / output.pixelStride, channels: input.channels)
        unsafe copy(size, from, input.pixelStride, part.table, to, output.pixelStride)
        unsafe to += input.channels
      }
    }
  }

  /// Planes one after the other, as the channels of one pixel.
  ///
  /// - Parameter output: takes as many images; of one pixel.
  package func flatten(_ input: ByteImages, into output: ByteImages) {
    let pixels = input.height * input.width
    precondition(
      output.height == 1 && output.width == 1 && output.channels == input.channels * pixels
        && input.border == nil && output.border == nil && output !== input)
    output.reshape(images: input.images)
    run(count: input.images * input.channels, cost: pixels) { range in
      for index in range {
        let (image, channel) = (index / input.channels, index % input.channels)
        let from = unsafe input.pointer + image * input.imageStride + channel
        let to = unsafe output.pointer + image * output.imageStride + channel * pixels
        for pixel in 0..<pixels { unsafe to[pixel] = from[pixel * input.pixelStride] }
      }
    }
  }

  private func copy(
    _ size: (pixels: Int, channels: Int), _ input: UnsafePointer<UInt8>, _ inputStride: Int,
    _ table: ByteTable?, _ output: UnsafeMutablePointer<UInt8>, _ outputStride: Int
  ) {
    guard let table else {
      for pixel in 0..<size.pixels {
        unsafe (output + pixel * outputStride).update(
          from: input + pixel * inputStride, count: size.channels)
      }
      return
    }
    unsafe table.values.withUnsafeBufferPointer { values in
      guard let values = values.baseAddress else { return }
      for pixel in 0..<size.pixels {
        unsafe kernels.pointee.map_u8(
          input + pixel * inputStride, size.channels, values, output + pixel * outputStride)
      }
    }
  }

  /// Whole pixels that lie side by side in one image: where they begin, from the first byte of the
  /// first image, and how many bytes they are, padding included.
  private func pieces(of images: ByteImages, _ body: (Int, Int) -> Void) {
    let pixels = images.height * images.width
    let length = min(pixels, max(1, 8192 / images.pixelStride))
    let each = (pixels + length - 1) / length
    run(count: images.images * each, cost: length * images.pixelStride / 4) { range in
      for index in range {
        let pixel = index % each * length
        body(
          index / each * images.imageStride + pixel * images.pixelStride,
          min(length, pixels - pixel) * images.pixelStride)
      }
    }
  }
}

extension ByteImages {
  /// Whether a byte of one has its place in the other too.
  fileprivate func isLaidOut(as other: ByteImages) -> Bool {
    height == other.height && width == other.width && channels == other.channels
      && border == nil && other.border == nil
  }
}
