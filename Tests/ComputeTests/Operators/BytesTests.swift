import Compute
import TestSupport
import Testing

@Suite struct BytesTests {
  /// [images][height][width][channels] of any bytes.
  private func images(
    _ count: Int, _ height: Int, _ width: Int, _ channels: Int, zero: UInt8, seed: UInt64 = 5
  ) -> ByteImages {
    var random = SeededGenerator(seed: seed)
    let images = ByteImages(height: height, width: width, channels: channels, zero: zero)
    images.reshape(images: count)
    for image in 0..<count {
      for pixel in 0..<height * width {
        for channel in 0..<channels {
          images[image: image, pixel: pixel, channel: channel] = UInt8(random.integer(0...255))
        }
      }
    }
    return images
  }

  @Test(arguments: tiersHere, [1, 3])
  func quantizesPlanes(tier: KernelTier, threads: Int) throws {
    var random = SeededGenerator(seed: 2)
    let scale = ByteScale(scale: 0.037, zero: 131)
    var values = random.floats(3 * 2 * 5 * 7, 6)
    // Halves go to the even side; what is beyond, and no number, stays within.
    values.replaceSubrange(
      0..<6, with: [0.5 * 0.037, 1.5 * 0.037, 1e30, -.infinity, .nan, 2.5 * 0.037])
    let output = ByteImages(height: 5, width: 7, channels: 2, zero: 131)
    try Processor(threads: threads, tier: tier)
      .quantize(planes: values.span, images: 3, scale, into: output)
    for image in 0..<3 {
      for channel in 0..<2 {
        for pixel in 0..<35 {
          let value = values[(image * 2 + channel) * 35 + pixel]
          let rounded = (value / 0.037).rounded(.toNearestOrEven) + 131
          let expected = value.isNaN ? 0 : UInt8(min(max(rounded, 0), 255))
          #expect(output[image: image, pixel: pixel, channel: channel] == expected)
        }
      }
    }
  }

  @Test(arguments: tiersHere)
  func takesTheLargestInside(tier: KernelTier) throws {
    // A zero point above all values: what is outside must not win.
    let input = images(2, 6, 5, 70, zero: 255)
    let shape = ConvolutionShape(
      height: 6, width: 5, channels: 70, kernel: (3, 3), strides: (2, 2),
      padding: ImageBorder(top: 1, left: 1, bottom: 1, right: 1))
    let output = ByteImages(
      height: shape.outputHeight, width: shape.outputWidth, channels: 70, zero: 255)
    try Processor(threads: 2, tier: tier)
      .maxPool(input, ConvolutionPlan(shape), into: output)
    for image in 0..<2 {
      for y in 0..<output.height {
        for x in 0..<output.width {
          for channel in 0..<70 {
            var largest: UInt8 = 0
            for row in max(0, 2 * y - 1)...min(5, 2 * y + 1) {
              for column in max(0, 2 * x - 1)...min(4, 2 * x + 1) {
                largest = max(
                  largest, input[image: image, pixel: row * 5 + column, channel: channel])
              }
            }
            #expect(
              output[image: image, pixel: y * output.width + x, channel: channel] == largest)
          }
        }
      }
    }
  }

  @Test(arguments: tiersHere)
  func averagesChannels(tier: KernelTier) throws {
    let input = images(3, 7, 7, 33, zero: 12)
    let output = ByteImages(height: 1, width: 1, channels: 33, zero: 3)
    try Processor(threads: 1, tier: tier).averages(
      input, ByteScale(scale: 0.02, zero: 12), into: output, ByteScale(scale: 0.011, zero: 3))
    for image in 0..<3 {
      for channel in 0..<33 {
        var sum = 0.0
        for pixel in 0..<49 {
          sum += Double(input[image: image, pixel: pixel, channel: channel]) - 12
        }
        let expected = sum / 49 * 0.02 / 0.011 + 3
        let found = Double(output[image: image, pixel: 0, channel: channel])
        #expect(abs(found - min(max(expected, 0), 255)) <= 0.5001)
      }
    }
  }
}
