import Compute
import TestSupport
import Testing

@Suite struct ConvolveTests {
  private static func samples() throws -> [ConvolutionSample] {
    func border(_ top: Int, _ left: Int, _ bottom: Int, _ right: Int) -> ImageBorder {
      ImageBorder(top: top, left: left, bottom: bottom, right: right)
    }
    return [
      try ConvolutionSample(
        ConvolutionShape(
          height: 7, width: 9, channels: 5, kernel: (3, 3), padding: border(1, 1, 1, 1)),
        outputs: 70, images: 2, adds: true),
      try ConvolutionSample(
        ConvolutionShape(
          height: 10, width: 10, channels: 3, kernel: (7, 7), strides: (2, 2),
          padding: border(3, 3, 3, 3)), outputs: 33, images: 3),
      try ConvolutionSample(
        ConvolutionShape(height: 5, width: 5, channels: 16, kernel: (1, 1)), outputs: 130,
        images: 2, adds: true),
      try ConvolutionSample(
        ConvolutionShape(height: 9, width: 4, channels: 12, kernel: (1, 1), strides: (2, 3)),
        outputs: 17, images: 1),
      try ConvolutionSample(
        ConvolutionShape(
          height: 8, width: 11, channels: 8, kernel: (3, 2), strides: (1, 2), dilations: (2, 3),
          padding: border(0, 2, 3, 1)), outputs: 1, images: 2),
      try ConvolutionSample(
        ConvolutionShape(height: 6, width: 6, channels: 100, kernel: (2, 2)), outputs: 64,
        images: 1),
      try ConvolutionSample(
        ConvolutionShape(
          height: 12, width: 11, channels: 3, kernel: (7, 7), strides: (2, 2),
          padding: border(3, 3, 3, 3)), outputs: 33, images: 3, joinsRows: true),
      try ConvolutionSample(
        ConvolutionShape(
          height: 6, width: 9, channels: 1, kernel: (2, 3), strides: (1, 2), dilations: (3, 1),
          padding: border(1, 0, 2, 1)), outputs: 5, images: 2, adds: true, joinsRows: true),
    ]
  }

  @Test(arguments: tiersHere, 0..<8)
  func isItsDefinitionInEveryTier(tier: KernelTier, index: Int) throws {
    let sample = try Self.samples()[index]
    let output = try sample.computed(by: Processor(threads: 1, tier: tier))
    sample.expectDefinition(output)
  }

  @Test(arguments: tiersHere)
  func anImagesAnswerIsItsOwn(tier: KernelTier) throws {
    let shape = ConvolutionShape(
      height: 7, width: 7, channels: 20, kernel: (3, 3),
      padding: ImageBorder(top: 1, left: 1, bottom: 1, right: 1))
    let sample = try ConvolutionSample(shape, outputs: 70, images: 5)
    let all = try sample.computed(by: Processor(threads: 1, tier: tier)).values
    for threads in [2, 3] {
      #expect(try sample.computed(by: Processor(threads: threads, tier: tier)).values == all)
    }
    let one = ByteImages(height: 7, width: 7, channels: 20, zero: sample.input.zero)
    one.reshape(images: 1)
    let size = all.count / 5
    for image in 0..<5 {
      for pixel in 0..<49 {
        for channel in 0..<20 {
          one[image: 0, pixel: pixel, channel: channel] =
            sample.input[image: image, pixel: pixel, channel: channel]
        }
      }
      let alone = try sample.computed(by: Processor(threads: 1, tier: tier), on: one).values
      #expect(alone == Array(all[image * size..<(image + 1) * size]))
    }
  }

  @Test(arguments: tiersHere)
  func answersAnyShape(tier: KernelTier) throws {
    var random = SeededGenerator(seed: 7)
    let processor = try Processor(threads: 2, tier: tier)
    for round in 0..<40 {
      let shape = ConvolutionShape(
        height: random.integer(4...12), width: random.integer(4...12),
        channels: random.integer(1...40),
        kernel: (random.integer(1...4), random.integer(1...4)),
        strides: (random.integer(1...3), random.integer(1...3)),
        padding: ImageBorder(
          top: random.integer(0...2), left: random.integer(0...2), bottom: random.integer(0...2),
          right: random.integer(0...2)))
      // Where sums are steep they leave the integers.
      let sample = try ConvolutionSample(
        shape, outputs: random.integer(1...150), images: random.integer(1...3),
        adds: round % 3 == 0, joinsRows: round % 4 == 1, steepness: round % 5 == 2 ? 1e9 : 1,
        seed: UInt64(round))
      sample.expectDefinition(try sample.computed(by: processor))
    }
  }

  @Test func marginsStandAfterTheMemoryGrew() throws {
    let images = ByteImages(height: 2, width: 2, channels: 3, zero: 5)
    let shape = ConvolutionShape(
      height: 2, width: 2, channels: 3, kernel: (3, 3),
      padding: ImageBorder(top: 1, left: 1, bottom: 1, right: 1))
    let sample = try ConvolutionSample(shape, outputs: 2, images: 1)
    let processor = try Processor(threads: 1)
    var random = SeededGenerator(seed: 3)
    for count in [1, 9, 2, 40] {
      images.fill(images: count, &random)
      #expect(try sample.computed(by: processor, on: images).images == count)
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    func complaint(_ shape: ConvolutionShape) -> String {
      let error = #expect(throws: ComputeError.self) { try ConvolutionPlan(shape) }
      return error?.description ?? ""
    }
    #expect(
      complaint(ConvolutionShape(height: 2, width: 9, channels: 1, kernel: (3, 3)))
        .contains("does not fit into 2×9"))
    #expect(
      complaint(
        ConvolutionShape(height: 9, width: 9, channels: 1, kernel: (3, 3), strides: (0, 1))
      ).contains("strides"))
    #expect(
      complaint(ConvolutionShape(height: 1 << 20, width: 1 << 20, channels: 9, kernel: (1, 1)))
        .contains("at most"))
    #expect(throws: ComputeError.self) {
      try PackedConvolution(
        weights: [1, 2, 3].span, outputs: 2, taps: 1, channels: 2, bias: [], inputZero: 0,
        quantization: OutputQuantization(scales: [1, 1], zero: 0), in: SlabArena())
    }
  }
}
