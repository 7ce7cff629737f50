import Compute
import TestSupport
import Testing

/// Operators that look at each byte by itself.
@Suite struct BytesTests {
  @Test(arguments: tiersHere, [1, 3])
  func looksUpEveryByte(tier: KernelTier, threads: Int) throws {
    let processor = try Processor(threads: threads, tier: tier)
    var random = SeededGenerator(seed: 1)
    let table = try #require(ByteTable((0..<256).map { _ in UInt8(random.integer(0...255)) }))
    for (size, channels) in [(1, 1), (3, 5), (9, 64), (24, 17), (4, 259)] {
      let input = ByteImages(random: 3, size, size + 1, channels, zero: 4, seed: 8)
      let output = ByteImages(height: size, width: size + 1, channels: channels, zero: 9)
      processor.map(input, table, into: output)
      let expected = input.values.map { table.values[Int($0)] }
      #expect(output.values == expected)
      processor.map(input, table, into: input)
      #expect(input.values == expected)
    }
  }

  @Test func worksFunctionsOut() throws {
    let from = ByteScale(scale: 0.1, zero: 100)
    let to = ByteScale(scale: 0.05, zero: 3)
    let relu = ByteTable(from: from, to: to, range: 3...200) { max(0, $0) }
    for byte in 0...255 {
      let value = Float(byte - 100) * 0.1
      let steps = (max(0, value) / 0.05).rounded(.toNearestOrEven) + 3
      #expect(relu.values[byte] == UInt8(min(max(steps, 3), 200)))
    }
    #expect(!relu.isIdentity)
    #expect(ByteTable(from: from, to: from).isIdentity)
    #expect(ByteTable(from: from, to: to) { _ in .nan }.values.allSatisfy { $0 == 0 })
    #expect(ByteTable(from: from, to: to) { _ in .infinity }.values.allSatisfy { $0 == 255 })
    #expect(ByteTable([1, 2, 3]) == nil)
  }

  /// How the second operand of a pair stands to the first.
  enum Second: CaseIterable {
    case alike, pixelOfEachImage, onePixel
  }

  @Test(arguments: tiersHere, Second.allCases)
  func addsAndMultiplies(tier: KernelTier, second: Second) throws {
    for (index, (size, channels)) in [(5, 3), (1, 40), (30, 24), (2, 131)].enumerated() {
      let processor = try Processor(threads: 1 + index % 3, tier: tier)
      let a = ByteImages(random: 3, size, size + 1, channels, zero: 130, seed: 1)
      let b =
        switch second {
        case .alike: ByteImages(random: 3, size, size + 1, channels, zero: 7, seed: 2)
        case .pixelOfEachImage: ByteImages(random: 3, 1, 1, channels, zero: 7, seed: 2)
        case .onePixel: ByteImages(random: 1, 1, 1, channels, zero: 7, seed: 2)
        }
      let scales = (ByteScale(scale: 0.031, zero: 130), ByteScale(scale: 0.017, zero: 7))
      let to = ByteScale(scale: 0.043, zero: 101)
      let sums = ByteImages(height: size, width: size + 1, channels: channels, zero: 101)
      let products = ByteImages(height: size, width: size + 1, channels: channels, zero: 101)
      processor.add(a, scales.0, b, scales.1, into: sums, to, range: 20...250)
      processor.multiply(a, scales.0, b, scales.1, into: products, to, range: 101...255)
      let pixels = size * (size + 1)
      var expected: (sums: [UInt8], products: [UInt8]) = ([], [])
      for image in 0..<3 {
        for pixel in 0..<pixels {
          for channel in 0..<channels {
            let x = Float(a[image: image, pixel: pixel, channel: channel]) - 130
            let other = b[
              image: second == .onePixel ? 0 : image, pixel: second == .alike ? pixel : 0,
              channel: channel]
            let y = Float(other) - 7
            let kept = x * (0.031 / 0.043 as Float)
            let added = y * (0.017 / 0.043 as Float)
            let factor: Float = 0.031 * 0.017 / 0.043
            expected.sums.append(rounded(kept + added, zero: 101, 20...250))
            expected.products.append(rounded(x * y * factor, zero: 101, 101...255))
          }
        }
      }
      #expect(sums.values == expected.sums)
      #expect(products.values == expected.products)
    }
  }

  @Test(arguments: tiersHere)
  func addsInPlace(tier: KernelTier) throws {
    let processor = try Processor(threads: 2, tier: tier)
    let scale = ByteScale(scale: 0.02, zero: 40)
    let a = ByteImages(random: 2, 6, 6, 20, zero: 40, seed: 3)
    let b = ByteImages(random: 2, 6, 6, 20, zero: 40, seed: 4)
    let apart = ByteImages(height: 6, width: 6, channels: 20, zero: 40)
    processor.add(a, scale, b, scale, into: apart, scale)
    processor.add(a, scale, b, scale, into: b, scale)
    #expect(b.values == apart.values)
  }

  @Test(arguments: tiersHere, [1, 2])
  func joinsChannels(tier: KernelTier, threads: Int) throws {
    let processor = try Processor(threads: threads, tier: tier)
    let first = ByteImages(random: 2, 9, 7, 5, zero: 1, seed: 1)
    let second = ByteImages(random: 2, 9, 7, 70, zero: 2, seed: 2)
    let third = ByteImages(random: 2, 9, 7, 8, zero: 3, seed: 3)
    let table = ByteTable(
      from: ByteScale(scale: 0.3, zero: 2), to: ByteScale(scale: 0.5, zero: 1))
    let output = ByteImages(height: 9, width: 7, channels: 83, zero: 1)
    processor.concatenate([(first, nil), (second, table), (third, nil)], into: output)
    for image in 0..<2 {
      for pixel in 0..<63 {
        let found = (0..<83).map { output[image: image, pixel: pixel, channel: $0] }
        let expected =
          (0..<5).map { first[image: image, pixel: pixel, channel: $0] }
          + (0..<70).map { table.values[Int(second[image: image, pixel: pixel, channel: $0])] }
          + (0..<8).map { third[image: image, pixel: pixel, channel: $0] }
        #expect(found == expected)
      }
    }
  }

  private func rounded(_ value: Float, zero: Float, _ range: ClosedRange<UInt8>) -> UInt8 {
    let byte = value.rounded(.toNearestOrEven) + zero
    return UInt8(min(max(byte, Float(range.lowerBound)), Float(range.upperBound)))
  }
}
