/// Where a convolution of one shape reads its input, worked out once. Layers of the same shape
/// share it, and so do all images of a batch.
package final class ConvolutionPlan: Sendable {
  package let shape: ConvolutionShape
  /// s32 [pixels][taps], in bytes from an image's first value.
  let offsets: [Int32]

  /// - Throws: `ComputeError` for a kernel that finds no place, and for sizes that do not fit.
  package init(_ shape: ConvolutionShape) throws(ComputeError) {
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
    let bytes = (shape.height * shape.width).multipliedReportingOverflow(
      by: ByteImages.pixelStride(shape.channels))
    guard !reads.overflow, reads.partialValue <= Self.mostReads, !bytes.overflow,
      bytes.partialValue <= Int(Int32.max)
    else {
      throw ComputeError(
        "a convolution reads \(shape.pixels) × \(shape.taps) places of "
          + "\(shape.height)×\(shape.width)×\(shape.channels) values; at most "
          + "\(Self.mostReads) places and \(Int32.max) bytes are allowed")
    }
    self.shape = shape
    let channels = ByteImages.pixelStride(shape.channels)
    offsets = shape.offsets(stride: channels, outside: ByteImages.outside(shape.channels))
  }

  private static let largestSize = 1 << 20
  /// 256 MiB of offsets.
  private static let mostReads = 1 << 26
}
