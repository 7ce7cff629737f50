import Compute
import TestSupport
import Testing

@Suite struct GroupedConvolveTests {
  private static let around = ImageBorder(top: 1, left: 1, bottom: 1, right: 1)

  private static func samples() throws -> [ConvolutionSample] {
    func depthwise(
      _ size: Int, _ channels: Int, kernel: Int, stride: Int, images: Int, adds: Bool = false,
      dilation: Int = 1
    ) throws -> ConvolutionSample {
      let pad = kernel / 2
      return try ConvolutionSample(
        ConvolutionShape(
          height: size, width: size + 1, channels: channels, kernel: (kernel, kernel),
          strides: (stride, stride), dilations: (dilation, dilation),
          padding: ImageBorder(top: pad, left: pad, bottom: pad, right: pad)),
        outputs: channels, images: images, adds: adds, groups: channels)
    }
    return [
      try depthwise(7, 32, kernel: 3, stride: 1, images: 2),
      try depthwise(8, 96, kernel: 3, stride: 2, images: 3, adds: true),
      try depthwise(6, 133, kernel: 5, stride: 1, images: 1),
      try depthwise(9, 17, kernel: 2, stride: 1, images: 2, adds: true, dilation: 2),
      try depthwise(3, 64, kernel: 7, stride: 1, images: 1),
      try depthwise(5, 2, kernel: 1, stride: 1, images: 1),
      // Two outputs of each channel.
      try ConvolutionSample(
        ConvolutionShape(height: 6, width: 6, channels: 24, kernel: (3, 3), padding: around),
        outputs: 48, images: 2, adds: true, groups: 24),
      // Narrow groups, as in ResNeXt.
      try ConvolutionSample(
        ConvolutionShape(
          height: 7, width: 7, channels: 128, kernel: (3, 3), strides: (2, 2), padding: around),
        outputs: 128, images: 2, groups: 32),
      // Groups whose channels are no multiple of four.
      try ConvolutionSample(
        ConvolutionShape(height: 5, width: 6, channels: 21, kernel: (2, 3)), outputs: 15,
        images: 2, adds: true, groups: 3),
      try ConvolutionSample(
        ConvolutionShape(height: 4, width: 4, channels: 130, kernel: (1, 1)), outputs: 200,
        images: 1, groups: 2),
    ]
  }

  @Test(arguments: tiersHere, 0..<10)
  func isItsDefinitionInEveryTier(tier: KernelTier, index: Int) throws {
    let sample = try Self.samples()[index]
    sample.expectDefinition(try sample.computed(by: Processor(threads: 1, tier: tier)))
  }

  @Test(arguments: tiersHere)
  func answersAnyShape(tier: KernelTier) throws {
    var random = SeededGenerator(seed: 11)
    let processor = try Processor(threads: 2, tier: tier)
    for round in 0..<30 {
      let groups = random.integer(2...70)
      let isDepthwise = round % 2 == 0
      let depth = isDepthwise ? 1 : random.integer(1...6)
      let outputs = isDepthwise ? 1 : random.integer(1...5)
      let kernel = (height: random.integer(1...4), width: random.integer(1...4))
      let shape = ConvolutionShape(
        height: random.integer(4...9), width: random.integer(4...9), channels: groups * depth,
        kernel: kernel, strides: (random.integer(1...3), random.integer(1...3)),
        padding: ImageBorder(
          top: random.integer(0...2), left: random.integer(0...2), bottom: random.integer(0...2),
          right: random.integer(0...2)))
      let sample = try ConvolutionSample(
        shape, outputs: groups * outputs, images: random.integer(1...3), adds: round % 3 == 0,
        groups: groups, steepness: round % 5 == 2 ? 1e9 : 1, seed: UInt64(round))
      sample.expectDefinition(try sample.computed(by: processor))
    }
  }

  @Test(arguments: tiersHere)
  func threadsChangeNothing(tier: KernelTier) throws {
    for sample in try Self.samples() {
      let alone = try sample.computed(by: Processor(threads: 1, tier: tier)).values
      #expect(try sample.computed(by: Processor(threads: 3, tier: tier)).values == alone)
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    for (outputs, channels, groups) in [(4, 4, 3), (4, 6, 4), (0, 4, 4), (4, 4, 0)] {
      #expect(throws: ComputeError.self) {
        try GroupedConvolution(
          weights: [Int8](repeating: 1, count: 16).span, outputs: outputs, taps: 1,
          channels: channels, groups: groups, bias: [], inputZero: 0,
          quantization: OutputQuantization(
            scales: [Float](repeating: 1, count: outputs), zero: 0), in: SlabArena())
      }
    }
    #expect(throws: ComputeError.self) {
      try GroupedConvolution(
        weights: [1, 2, 3].span, outputs: 4, taps: 1, channels: 4, groups: 4, bias: [],
        inputZero: 0, quantization: OutputQuantization(scales: [1, 1, 1, 1], zero: 0),
        in: SlabArena())
    }
  }
}
