/// Where a convolution of one shape reads its input, worked out once. Layers of the same shape
/// share it, and so do all images of a batch.
///
/// A tap is one place of the kernel with its channels, or a row of the kernel: images of few
/// channels are read in longer runs then, and have their padding as a border.
package final class ConvolutionPlan: Sendable {
  package let shape: ConvolutionShape
  /// Whether a tap is a row of the kernel.
  package let joinsRows: Bool
  /// s32 [pixels][taps], in bytes from an image's first byte.
  let offsets: [Int32]

  package var taps: Int { joinsRows ? shape.kernel.height : shape.taps }
  /// Values of a tap.
  package var tapValues: Int { joinsRows ? shape.kernel.width * shape.channels : shape.channels }
  /// What images must have around them.
  package var border: ImageBorder? { joinsRows ? shape.padding : nil }

  /// - Parameter joinsRows: takes a kernel that is not dilated to the right.
  /// - Throws: `ComputeError` for a kernel that finds no place, and for sizes that do not fit.
  package init(_ shape: ConvolutionShape, joinsRows: Bool = false) throws(ComputeError) {
    let sizes = [
      shape.height, shape.width, shape.channels, shape.kernel.height, shape.kernel.width,
      shape.strides.down, shape.strides.right, shape.dilations.down, shape.dilations.right,
    ]
    let padding = shape.padding
    let paddings = [padding.top, padding.left, padding.bottom, padding.right]
    guard sizes.allSatisfy({ (1...Self.largestSize).contains($0) }),
      paddings.allSatisfy({ (0...Self.largestSize).contains($0) })
    else {
      throw ComputeError(
        "sizes, strides and dilations of a convolution are 1 to \(Self.largestSize), "
          + "its padding 0 to \(Self.largestSize)")
    }
    guard shape.pixels > 0 else {
      throw ComputeError(
        "a kernel of \(shape.kernel.height)×\(shape.kernel.width) does not fit into "
          + "\(shape.height)×\(shape.width) with its padding")
    }
    let reads = shape.pixels.multipliedReportingOverflow(by: shape.taps)
    let places =
      (shape.height + padding.top + padding.bottom) * (shape.width + padding.left + padding.right)
    let bytes = places.multipliedReportingOverflow(by: ByteImages.pixelStride(shape.channels))
    guard !reads.overflow, reads.partialValue <= Self.mostReads, !bytes.overflow,
      bytes.partialValue <= Int(Int32.max)
    else {
      throw ComputeError(
        "a convolution reads \(shape.pixels) × \(shape.taps) places of "
          + "\(shape.height)×\(shape.width)×\(shape.channels) values; at most "
          + "\(Self.mostReads) places and \(Int32.max) bytes are allowed")
    }
    guard !joinsRows || shape.dilations.right == 1 else {
      throw ComputeError("rows of a dilated kernel cannot be read in one run")
    }
    self.shape = shape
    self.joinsRows = joinsRows
    if joinsRows {
      let width = shape.width + padding.left + padding.right
      offsets = shape.rowOffsets(rowStride: width * shape.channels)
    } else {
      let channels = ByteImages.pixelStride(shape.channels)
      offsets = shape.offsets(stride: channels, outside: ByteImages.outside(shape.channels))
    }
  }

  /// Reads rows in one run where channels alone are a few bytes.
  package static func best(for shape: ConvolutionShape) throws(ComputeError) -> ConvolutionPlan {
    let isNarrow = shape.channels < 16 && shape.kernel.width > 1 && shape.dilations.right == 1
    return try ConvolutionPlan(shape, joinsRows: isNarrow)
  }

  private static let largestSize = 1 << 20
  /// 256 MiB of offsets.
  static let mostReads = 1 << 26
}
