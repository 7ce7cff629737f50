import Compute
import TestSupport
import Testing

/// Operators that are called for one portion of the output after the other: the same bits.
@Suite struct PortionsTests {
  /// Ranges of any size that cover `0..<count`, in any order.
  private func portions(of count: Int, seed: UInt64) -> [Range<Int>?] {
    var random = SeededGenerator(seed: seed)
    var portions: [Range<Int>] = []
    var start = 0
    while start < count {
      portions.append(start..<min(count, start + random.integer(1...max(2, count / 2))))
      start = portions.last?.upperBound ?? count
    }
    return portions.shuffled(using: &random)
  }

  private static let shape = ConvolutionShape(
    height: 13, width: 11, channels: 32, kernel: (3, 3), strides: (2, 1),
    padding: ImageBorder(top: 1, left: 1, bottom: 1, right: 1))

  @Test(arguments: tiersHere, [1, 3])
  func ofBytes(tier: KernelTier, threads: Int) throws {
    let processor = try Processor(threads: threads, tier: tier)
    for (groups, outputs) in [(1, 40), (32, 32), (4, 64)] {
      let sample = try ConvolutionSample(
        Self.shape, outputs: outputs, images: 3, adds: true, groups: groups)
      let whole = try sample.computed(by: processor)
      for seed in 0..<5 as Range<UInt64> {
        let portions = portions(of: 3 * Self.shape.pixels, seed: seed)
        #expect(try sample.computed(by: processor, portions: portions).values == whole.values)
      }
    }
    let joined = try ConvolutionSample(
      ConvolutionShape(
        height: 20, width: 20, channels: 3, kernel: (7, 7), strides: (2, 2),
        padding: ImageBorder(top: 3, left: 3, bottom: 3, right: 3)),
      outputs: 24, images: 2, joinsRows: true)
    let all = portions(of: 2 * joined.shape.pixels, seed: 6)
    #expect(
      try joined.computed(by: processor, portions: all).values
        == joined.computed(by: processor).values)
  }

  @Test(arguments: tiersHere, [1, 3])
  func ofFloats(tier: KernelTier, threads: Int) throws {
    let processor = try Processor(threads: threads, tier: tier)
    let samples = [
      FloatWindowsTests.Sample(shape: Self.shape, outputs: 40),
      FloatWindowsTests.Sample(shape: Self.shape, outputs: 32, isDepthwise: true),
      FloatWindowsTests.Sample(shape: Self.shape, outputs: 17, joinsRows: true),
    ]
    for (index, sample) in samples.enumerated() {
      for kind in [PackedMatrix.Kind.float(.f32), .int8PerOutput]
      where kind == .float(.f32) || !sample.isDepthwise {
        let portions = portions(of: sample.images * Self.shape.pixels, seed: UInt64(index))
        let whole = try sample.computed(processor, .clamp(0...6, adding: nil), kind)
        let found = try sample.computed(
          processor, .clamp(0...6, adding: nil), kind, portions: portions)
        #expect(floats(found) == floats(whole))
      }
    }
  }

  @Test(arguments: tiersHere, [1, 3])
  func ofPools(tier: KernelTier, threads: Int) throws {
    let processor = try Processor(threads: threads, tier: tier)
    let shape = Self.shape
    let plan = try ConvolutionPlan(shape)
    let input = ByteImages(random: 3, shape.height, shape.width, shape.channels, zero: 9, seed: 5)
    let scale = ByteScale(scale: 0.02, zero: 9)
    let average = try AveragePlan(shape, countsPadding: true)
    func pooled(_ portions: [Range<Int>?]) -> [[UInt8]] {
      (0..<2).map { kind in
        let output = ByteImages(
          height: shape.outputHeight, width: shape.outputWidth, channels: shape.channels, zero: 9)
        for pixels in portions {
          if kind == 0 {
            processor.maxPool(input, plan, into: output, pixels: pixels)
          } else {
            processor.averagePool(input, scale, average, into: output, scale, pixels: pixels)
          }
        }
        return output.values
      }
    }
    #expect(pooled(portions(of: 3 * shape.pixels, seed: 2)) == pooled([nil]))

    let windows = try FloatWindows(shape)
    let x = FloatRows(random: 3, shape.height * shape.width * shape.channels, seed: 3)
    let (whole, found) = (FloatRows(), FloatRows())
    processor.poolLargest(x, windows, into: whole)
    for pixels in portions(of: 3 * shape.pixels, seed: 4) {
      processor.poolLargest(x, windows, into: found, pixels: pixels)
    }
    #expect(floats(found) == floats(whole))
  }

  @Test(arguments: tiersHere, [1, 3])
  func ofAttention(tier: KernelTier, threads: Int) throws {
    let processor = try Processor(threads: threads, tier: tier)
    let offsets: [Int32] = [0, 5, 40, 41, 60]
    let qkv = FloatRows(random: 60, 3 * 32, seed: 8)
    let rows = AttentionRows(query: qkv, key: qkv, value: qkv, columns: (0, 32, 64))
    let (whole, found) = (FloatRows(), FloatRows())
    processor.attention(rows, width: 32, offsets: offsets, heads: 4, scale: 0.3, into: whole)
    for queries in portions(of: 60, seed: 9) {
      processor.attention(
        rows, width: 32, offsets: offsets, heads: 4, scale: 0.3, into: found, queries: queries)
    }
    #expect(floats(found) == floats(whole))

    // With a mask of each query.
    let mask = ScoreMask(
      FloatRows(random: 4 * 15, 15, seed: 7), sequences: 4, heads: 1, queries: 15)
    let even: [Int32] = [0, 15, 30, 45, 60]
    for queries in [nil] + portions(of: 60, seed: 10) {
      processor.attention(
        rows, width: 32, offsets: even, heads: 4, scale: 0.3, mask: mask,
        into: queries == nil ? whole : found, queries: queries)
    }
    #expect(floats(found) == floats(whole))
  }

  private func floats(_ rows: FloatRows) -> [Float] { (0..<rows.rows).flatMap { rows.row($0) } }
}
