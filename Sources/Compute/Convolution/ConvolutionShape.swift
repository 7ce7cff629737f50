/// Which values of an image make up each value of the next: the sizes of a two-dimensional
/// convolution or pooling (ONNX: Conv, MaxPool).
package struct ConvolutionShape: Sendable, Hashable {
  /// Of one image of the input.
  package var height: Int
  package var width: Int
  package var channels: Int
  package var kernel: (height: Int, width: Int)
  package var strides: (down: Int, right: Int) = (1, 1)
  package var dilations: (down: Int, right: Int) = (1, 1)
  /// Places around the image where only zero points stand.
  package var padding = ImageBorder()

  package init(
    height: Int, width: Int, channels: Int, kernel: (height: Int, width: Int),
    strides: (down: Int, right: Int) = (1, 1), dilations: (down: Int, right: Int) = (1, 1),
    padding: ImageBorder = ImageBorder()
  ) {
    self.height = height
    self.width = width
    self.channels = channels
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.padding = padding
  }

  package var outputHeight: Int {
    Self.places(
      height + padding.top + padding.bottom, kernel.height, strides.down, dilations.down)
  }
  package var outputWidth: Int {
    Self.places(width + padding.left + padding.right, kernel.width, strides.right, dilations.right)
  }
  /// Of the output of one image.
  package var pixels: Int { outputHeight * outputWidth }
  package var taps: Int { kernel.height * kernel.width }

  /// The output's pixels that a call is for, counted over all images; all of them if nil.
  func chosen(_ pixels: Range<Int>?, images: Int) -> Range<Int> {
    let all = 0..<images * self.pixels
    guard let pixels else { return all }
    precondition(pixels.lowerBound >= 0 && pixels.upperBound <= all.upperBound)
    return pixels
  }

  private static func places(_ size: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
    let reach = (kernel - 1) * dilation + 1
    return size < reach ? 0 : (size - reach) / stride + 1
  }

  /// For each pixel of the output and each tap, in the kernel's rows, where the channels of that
  /// place begin, from the image's first byte; or `outside`.
  ///
  /// - Returns: s32 [pixels][taps]
  func offsets(stride: Int, outside: Int32) -> [Int32] {
    var offsets: [Int32] = []
    offsets.reserveCapacity(pixels * taps)
    for top in kernelPlaces(outputHeight, strides.down, padding.top) {
      for left in kernelPlaces(outputWidth, strides.right, padding.left) {
        for down in 0..<kernel.height {
          let y = top + down * dilations.down
          for right in 0..<kernel.width {
            let x = left + right * dilations.right
            let isInside = (0..<height).contains(y) && (0..<width).contains(x)
            offsets.append(isInside ? Int32((y * width + x) * stride) : outside)
          }
        }
      }
    }
    return offsets
  }

  /// For each pixel of the output and each row of the kernel, where that row begins in an image
  /// with the padding around it, from its first byte.
  ///
  /// - Returns: s32 [pixels][kernel height]
  func rowOffsets(rowStride: Int) -> [Int32] {
    var offsets: [Int32] = []
    offsets.reserveCapacity(pixels * kernel.height)
    for top in kernelPlaces(outputHeight, strides.down, 0) {
      for left in kernelPlaces(outputWidth, strides.right, 0) {
        for down in 0..<kernel.height {
          offsets.append(Int32((top + down * dilations.down) * rowStride + left * channels))
        }
      }
    }
    return offsets
  }

  /// Where the kernel's first row or column lies for each place of the output.
  private func kernelPlaces(_ count: Int, _ step: Int, _ padding: Int) -> [Int] {
    (0..<count).map { $0 * step - padding }
  }

  /// Bytes of the places that a plan of it holds.
  package func planBytes(joinsRows: Bool) -> Int {
    let (reads, overflow) = pixels.multipliedReportingOverflow(
      by: joinsRows ? kernel.height : taps)
    return overflow || reads > ConvolutionPlan.mostReads ? 0 : reads * MemoryLayout<Int32>.size
  }

  package func hash(into hasher: inout Hasher) {
    // Where sizes are the same, the rest is nearly always.
    hasher.combine(height)
    hasher.combine(width)
    hasher.combine(channels)
    hasher.combine(kernel.height)
    hasher.combine(strides.down)
  }

  package static func == (a: ConvolutionShape, b: ConvolutionShape) -> Bool {
    a.height == b.height && a.width == b.width && a.channels == b.channels && a.kernel == b.kernel
      && a.strides == b.strides && a.dilations == b.dilations && a.padding == b.padding
  }
}
