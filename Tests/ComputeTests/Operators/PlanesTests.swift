import Compute
import TestSupport
import Testing

/// Floats in planes to bytes in pixels, and back.
@Suite struct PlanesTests {
  private static let shapes = [
    (5, 7, 2), (1, 1, 1), (3, 33, 3), (16, 40, 3), (4, 4, 4), (1, 1, 90), (7, 7, 33), (2, 1, 16),
    (20, 20, 1),
  ]

  @Test(arguments: tiersHere, 0..<9)
  func quantizesPlanes(tier: KernelTier, index: Int) throws {
    let (height, width, channels) = Self.shapes[index]
    var random = SeededGenerator(seed: 2)
    let scale = ByteScale(scale: 0.037, zero: 131)
    let pixels = height * width
    var values = random.floats(3 * channels * pixels, 6)
    // Halves go to the even side; what is beyond, and no number, stays within.
    let special: [Float] = [0.5 * 0.037, 1.5 * 0.037, 1e30, -.infinity, .nan, 2.5 * 0.037]
    for (place, value) in special.enumerated() where place < values.count { values[place] = value }
    for border in [nil, ImageBorder(top: 1, left: 2, bottom: 3, right: 1)] {
      let output = ByteImages(
        height: height, width: width, channels: channels, zero: 131, border: border)
      try Processor(threads: 1 + index % 3, tier: tier)
        .quantize(planes: values.span, images: 3, scale, into: output)
      for image in 0..<3 {
        for channel in 0..<channels {
          for pixel in 0..<pixels {
            let value = values[(image * channels + channel) * pixels + pixel]
            let rounded = (value / 0.037).rounded(.toNearestOrEven) + 131
            let expected = value.isNaN ? 0 : UInt8(min(max(rounded, 0), 255))
            #expect(output[image: image, pixel: pixel, channel: channel] == expected)
          }
        }
      }
    }
  }

  @Test(arguments: tiersHere, 0..<9)
  func dequantizesPlanes(tier: KernelTier, index: Int) throws {
    let (height, width, channels) = Self.shapes[index]
    let pixels = height * width
    for border in [nil, ImageBorder(top: 1, left: 2, bottom: 3, right: 1)] {
      let input = ByteImages(
        random: 2, height, width, channels, zero: 77, border: border, seed: 6)
      var values = [Float](repeating: .nan, count: 2 * channels * pixels)
      var span = values.mutableSpan
      try Processor(threads: 1 + index % 3, tier: tier)
        .dequantize(input, ByteScale(scale: 0.21, zero: 77), into: &span)
      for image in 0..<2 {
        for channel in 0..<channels {
          for pixel in 0..<pixels {
            let byte = input[image: image, pixel: pixel, channel: channel]
            #expect(
              values[(image * channels + channel) * pixels + pixel] == (Float(byte) - 77) * 0.21)
          }
        }
      }
    }
  }
}
