internal import CKernels

/// Where the windows of a convolution or pool in f32 read images of one size, channels last.
package struct FloatWindows: Sendable {
  package let shape: ConvolutionShape
  /// Whether images have their padding around them and rows of the kernel are read in one run.
  package let joinsRows: Bool
  /// s32 [pixels][taps], in floats from an image's first.
  let offsets: [Int32]
  /// What lies outside.
  let zeros: [Float]

  var taps: Int { joinsRows ? shape.kernel.height : shape.taps }
  var run: Int { joinsRows ? shape.kernel.width * shape.channels : shape.channels }

  /// Floats of an image.
  package var imageCount: Int {
    let padding = shape.padding
    return joinsRows
      ? (shape.height + padding.top + padding.bottom)
        * (shape.width + padding.left + padding.right) * shape.channels
      : shape.height * shape.width * shape.channels
  }

  /// - Parameter joinsRows: takes a kernel that is not dilated to the right.
  /// - Throws: `ComputeError` as `ConvolutionPlan` does.
  package init(_ shape: ConvolutionShape, joinsRows: Bool = false) throws(ComputeError) {
    // The plan of bytes checks the sizes.
    let plan = try ConvolutionPlan(shape, joinsRows: joinsRows)
    self.shape = shape
    self.joinsRows = joinsRows
    if joinsRows {
      offsets = plan.offsets
    } else {
      offsets = shape.offsets(stride: shape.channels, outside: Int32.min)
    }
    let run = joinsRows ? shape.kernel.width * shape.channels : shape.channels
    zeros = [Float](repeating: 0, count: run)
  }
}

extension Processor {
  /// Convolves images of floats.
  ///
  /// - Parameters:
  ///   - x: a row for each image, of `windows.imageCount` floats.
  ///   - blocks: matrices of one size, each with its share of the outputs and, where there are
  ///     several, of the channels. Floats; `int8PerOutput` where there is one. Of each output the
  ///     taps in order, each with its channels; where a channel is convolved by itself
  ///     (`isDepthwise`), one matrix of floats with the taps of each.
  ///   - output: takes the shape [images · pixels × outputs].
  ///   - pool: where memory for windows that are quantized comes from.
  ///   - pixels: those that are computed, counted over all images; nil: all.
  package func convolve(
    _ x: FloatRows, by blocks: [PackedMatrix], _ windows: FloatWindows, isDepthwise: Bool = false,
    epilogue: Epilogue, into output: FloatRows, pool: MemoryPool? = nil,
    pixels: Range<Int>? = nil
  ) {
    guard let block = blocks.first else { return }
    let isQuantized = block.kind == .int8PerOutput && !isDepthwise
    let run = windows.run / blocks.count
    precondition(x.columns == windows.imageCount && x !== output)
    precondition(
      blocks.count == 1
        || !isQuantized && !isDepthwise && !windows.joinsRows && run * blocks.count == windows.run)
    precondition(block.inputs == (isDepthwise ? windows.taps : windows.taps * run))
    precondition(
      blocks.allSatisfy {
        $0.inputs == block.inputs && $0.outputs == block.outputs
          && (isQuantized || $0.kind == .float(.f32))
      })
    precondition(!isDepthwise || block.outputs == windows.shape.channels && !windows.joinsRows)
    output.reshape(
      rows: x.rows * windows.shape.pixels, columns: block.outputs * blocks.count)
    let pixels = windows.shape.chosen(pixels, images: x.rows)
    if isQuantized {
      return convolveQuantized(
        x, by: block, windows, epilogue: epilogue, into: output, pool: pool, pixels: pixels)
    }
    let kernel = unsafe isDepthwise ? kernels.pointee.depthwise_f32 : kernels.pointee.conv_f32
    guard !pixels.isEmpty, let kernel = unsafe kernel else { return }
    unsafe windows.offsets.withUnsafeBufferPointer { offsets in
      unsafe windows.zeros.withUnsafeBufferPointer { zeros in
        shareTiles(pixels: pixels, blocks, isDepthwise) { index, rows, panels in
          let block = blocks[index]
          unsafe block.bias.withUnsafeBufferPointer { bias in
            var job = unsafe ck_conv_f32(
              x: x.pointer + index * run, image_stride: x.columns, offsets: offsets.baseAddress,
              pixels: windows.shape.pixels, taps: windows.taps, run: run,
              zeros: zeros.baseAddress, w: block.weights.assumingMemoryBound(to: Float.self),
              n: block.outputs,
              epilogue: ck_epilogue(
                epilogue, bias: bias.isEmpty ? nil : bias.baseAddress, output: output,
                column: index * block.outputs))
            unsafe kernel(
              &job, rows.lowerBound, rows.upperBound, panels.lowerBound, panels.upperBound)
          }
        }
      }
    }
  }

  /// Blocks, panels and pixels in parts; a panel passes over as many pixels as there are for it,
  /// because it may be larger than they are.
  private func shareTiles(
    pixels: Range<Int>, _ blocks: [PackedMatrix], _ isDepthwise: Bool,
    _ body: (Int, Range<Int>, Range<Int>) -> Void
  ) {
    let (first, count, block) = (pixels.lowerBound, pixels.count, blocks[0])
    let operations = 2 * count * block.outputs * block.inputs * blocks.count
    let wanted = threads == 1 ? 1 : max(1, min(6 * threads, operations / 700_000))
    let blockParts = min(blocks.count, wanted)
    let panelParts = isDepthwise ? 1 : min(block.panels, max(1, wanted / blockParts))
    let others = blockParts * panelParts
    let pixelParts = max(1, min((wanted + others - 1) / others, count / 12))
    run(parts: others * pixelParts) { part in
      let (other, share) = (part / pixelParts, part % pixelParts)
      let (own, panel) = (other / panelParts, other % panelParts)
      for index in blocks.count * own / blockParts..<blocks.count * (own + 1) / blockParts {
        body(
          index, first + count * share / pixelParts..<first + count * (share + 1) / pixelParts,
          block.panels * panel / panelParts..<block.panels * (panel + 1) / panelParts)
      }
    }
  }

  /// The largest value of each window, for each channel.
  ///
  /// - Parameters:
  ///   - x: a row for each image.
  ///   - output: takes the shape [images · pixels × channels].
  ///   - pixels: those that are computed, counted over all images; nil: all.
  package func poolLargest(
    _ x: FloatRows, _ windows: FloatWindows, into output: FloatRows, pixels: Range<Int>? = nil
  ) {
    precondition(x.columns == windows.imageCount && !windows.joinsRows && x !== output)
    let channels = windows.shape.channels
    output.reshape(rows: x.rows * windows.shape.pixels, columns: channels)
    unsafe windows.offsets.withUnsafeBufferPointer { offsets in
      var job = unsafe ck_max_f32(
        x: x.pointer, image_stride: x.columns, offsets: offsets.baseAddress,
        pixels: windows.shape.pixels, taps: windows.taps, channels: channels, out: output.pointer)
      unsafe withUnsafePointer(to: &job) { job in
        run(windows.shape.chosen(pixels, images: x.rows), cost: windows.taps * channels) {
          unsafe kernels.pointee.max_f32(job, $0.lowerBound, $0.upperBound)
        }
      }
    }
  }

  /// Rows become columns, in each of some matrices that lie one after the other.
  ///
  /// - Parameters:
  ///   - x: [matrices · rows × columns].
  ///   - output: takes the shape [matrices · columns × rows].
  package func turn(_ x: FloatRows, matrices: Int, into output: FloatRows) {
    precondition(matrices > 0 && x.rows % matrices == 0 && x !== output)
    let (rows, columns) = (x.rows / matrices, x.columns)
    output.reshape(rows: matrices * columns, columns: rows)
    let blocks = (rows + 15) / 16
    run(count: matrices * blocks, cost: 32 * columns) { range in
      for index in range {
        let (matrix, first) = (index / blocks, index % blocks * 16)
        unsafe kernels.pointee.turn_f32(
          x.pointer(row: matrix * rows), columns, first, min(rows, first + 16), columns,
          output.pointer + matrix * rows * columns, rows)
      }
    }
  }

  /// Images of a few planes with a border of zeros around them, channels last.
  ///
  /// - Parameter x: a row for each image, its planes one after the other.
  package func addBorder(_ x: FloatRows, _ windows: FloatWindows, into output: FloatRows) {
    let (shape, channels) = (windows.shape, windows.shape.channels)
    let padding = shape.padding
    precondition(windows.joinsRows && x.columns == shape.height * shape.width * channels)
    output.reshape(rows: x.rows, columns: windows.imageCount)
    let stride = (shape.width + padding.left + padding.right) * channels
    run(count: x.rows * channels, cost: shape.height * shape.width) { range in
      for index in range {
        let (image, channel) = (index / channels, index % channels)
        let (source, target) = unsafe (x.pointer(row: image), output.pointer(row: image))
        if channel == 0 {
          unsafe target.update(repeating: 0, count: padding.top * stride)
        }
        for y in 0..<shape.height {
          let from = unsafe source + (channel * shape.height + y) * shape.width
          let row = unsafe target + (padding.top + y) * stride + channel
          for place in 0..<padding.left { unsafe row[place * channels] = 0 }
          let first = unsafe row + padding.left * channels
          for place in 0..<shape.width { unsafe first[place * channels] = from[place] }
          let behind = unsafe first + shape.width * channels
          for place in 0..<padding.right { unsafe behind[place * channels] = 0 }
        }
        if channel == 0 {
          unsafe (target + (padding.top + shape.height) * stride).update(
            repeating: 0, count: padding.bottom * stride)
        }
      }
    }
  }
}
