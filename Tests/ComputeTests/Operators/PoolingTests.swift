import Compute
import TestSupport
import Testing

@Suite struct PoolingTests {
  /// What lies under the kernel for one value of the output.
  private func window(
    _ input: ByteImages, _ shape: ConvolutionShape, image: Int, pixel: Int, channel: Int
  ) -> [UInt8] {
    let top = pixel / shape.outputWidth * shape.strides.down - shape.padding.top
    let left = pixel % shape.outputWidth * shape.strides.right - shape.padding.left
    return (0..<shape.taps).compactMap { tap in
      let row = top + tap / shape.kernel.width * shape.dilations.down
      let column = left + tap % shape.kernel.width * shape.dilations.right
      guard (0..<shape.height).contains(row), (0..<shape.width).contains(column) else {
        return nil
      }
      return input[image: image, pixel: row * shape.width + column, channel: channel]
    }
  }

  private static let shapes = [
    ConvolutionShape(
      height: 6, width: 5, channels: 70, kernel: (3, 3), strides: (2, 2),
      padding: ImageBorder(top: 1, left: 1, bottom: 1, right: 1)),
    ConvolutionShape(height: 8, width: 8, channels: 3, kernel: (2, 2), strides: (2, 2)),
    ConvolutionShape(
      height: 9, width: 7, channels: 17, kernel: (3, 2), strides: (1, 2), dilations: (2, 3),
      padding: ImageBorder(top: 2, left: 0, bottom: 1, right: 2)),
    // Windows in the corners find nothing.
    ConvolutionShape(
      height: 3, width: 4, channels: 130, kernel: (2, 2),
      padding: ImageBorder(top: 2, left: 3, bottom: 2, right: 2)),
  ]

  @Test(arguments: tiersHere, 0..<4)
  func takesTheLargestInside(tier: KernelTier, index: Int) throws {
    // A zero point above all values: what is outside must not win.
    let shape = Self.shapes[index]
    let input = ByteImages(random: 2, shape.height, shape.width, shape.channels, zero: 255, seed: 5)
    let output = ByteImages(
      height: shape.outputHeight, width: shape.outputWidth, channels: shape.channels, zero: 255)
    let plan = try ConvolutionPlan(shape)
    try Processor(threads: 2, tier: tier).maxPool(input, plan, into: output)
    var empty = false
    for image in 0..<2 {
      for pixel in 0..<shape.pixels {
        for channel in 0..<shape.channels {
          let values = window(input, shape, image: image, pixel: pixel, channel: channel)
          empty = empty || values.isEmpty
          #expect(
            output[image: image, pixel: pixel, channel: channel] == (values.max() ?? 0))
        }
      }
    }
    #expect(empty == (index == 3))
  }

  @Test(arguments: tiersHere, 0..<8)
  func averagesWindows(tier: KernelTier, index: Int) throws {
    let shape = Self.shapes[index % 4]
    let countsPadding = index >= 4
    let input = ByteImages(random: 2, shape.height, shape.width, shape.channels, zero: 90, seed: 5)
    let output = ByteImages(
      height: shape.outputHeight, width: shape.outputWidth, channels: shape.channels, zero: 30)
    try Processor(threads: 2, tier: tier).averagePool(
      input, ByteScale(scale: 0.02, zero: 90),
      AveragePlan(shape, countsPadding: countsPadding), into: output,
      ByteScale(scale: 0.013, zero: 30))
    for image in 0..<2 {
      for pixel in 0..<shape.pixels {
        for channel in 0..<shape.channels {
          let values = window(input, shape, image: image, pixel: pixel, channel: channel)
          let sum = values.reduce(0) { $0 + Int($1) - 90 }
          let count = countsPadding ? shape.taps : values.count
          let factor: Float = count == 0 ? 0 : 0.02 / 0.013 / Float(count)
          let mean = (Float(sum) * factor).rounded(.toNearestOrEven) + 30
          #expect(
            output[image: image, pixel: pixel, channel: channel] == UInt8(min(max(mean, 0), 255)))
        }
      }
    }
  }

  /// Windows beyond the last whole one divide by what lies in the padding that was asked for.
  @Test func whatHangsOverNeverCounts() throws {
    let shape = ConvolutionShape(
      height: 4, width: 4, channels: 1, kernel: (3, 3), strides: (2, 2),
      padding: ImageBorder(bottom: 1, right: 1))
    let input = ByteImages(height: 4, width: 4, channels: 1, zero: 0)
    input.reshape(images: 1)
    for pixel in 0..<16 { input[image: 0, pixel: pixel, channel: 0] = 60 }
    let output = ByteImages(height: 2, width: 2, channels: 1, zero: 0)
    let scale = ByteScale(scale: 1, zero: 0)
    let processor = try Processor(threads: 1)
    processor.averagePool(
      input, scale, try AveragePlan(shape, countsPadding: true, overhang: (1, 1)), into: output,
      scale)
    #expect(output.values == [60, 60, 60, 60])
    processor.averagePool(
      input, scale, try AveragePlan(shape, countsPadding: true), into: output, scale)
    #expect(output.values == [60, 40, 40, 27])
    #expect(throws: ComputeError.self) {
      try AveragePlan(shape, countsPadding: true, overhang: (2, 0))
    }
  }

  @Test(arguments: tiersHere, [1, 3])
  func averagesChannels(tier: KernelTier, threads: Int) throws {
    for channels in [33, 64, 200] {
      let input = ByteImages(random: 3, 7, 7, channels, zero: 12, seed: 5)
      let output = ByteImages(height: 1, width: 1, channels: channels, zero: 3)
      let scales = (ByteScale(scale: 0.02, zero: 12), ByteScale(scale: 0.011, zero: 3))
      let processor = try Processor(threads: threads, tier: tier)
      processor.averages(input, scales.0, into: output, scales.1)
      for image in 0..<3 {
        for channel in 0..<channels {
          var sum = 0.0
          for pixel in 0..<49 {
            sum += Double(input[image: image, pixel: pixel, channel: channel]) - 12
          }
          let expected = sum / 49 * 0.02 / 0.011 + 3
          let found = Double(output[image: image, pixel: 0, channel: channel])
          #expect(abs(found - min(max(expected, 0), 255)) <= 0.5001)
        }
      }
      // The window over all gives the same.
      let pooled = ByteImages(height: 1, width: 1, channels: channels, zero: 3)
      let shape = ConvolutionShape(height: 7, width: 7, channels: channels, kernel: (7, 7))
      processor.averagePool(
        input, scales.0, try AveragePlan(shape, countsPadding: true), into: pooled, scales.1)
      #expect(pooled.values == output.values)
    }
  }
}
