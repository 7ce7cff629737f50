import Compute
import TestSupport
import Testing

/// A quantized convolution of random numbers, and the same written as its definition.
private struct Sample {
  let shape: ConvolutionShape
  let plan: ConvolutionPlan
  let outputs: Int
  let weights: [Int8]
  let bias: [Int32]
  let quantization: OutputQuantization
  let input: ByteImages
  let other: ByteImages?

  init(
    _ shape: ConvolutionShape, outputs: Int, images: Int, adds: Bool = false,
    joinsRows: Bool = false, seed: UInt64 = 1
  ) throws {
    var random = SeededGenerator(seed: seed)
    self.shape = shape
    plan = try ConvolutionPlan(shape, joinsRows: joinsRows)
    self.outputs = outputs
    let depth = shape.taps * shape.channels
    weights = (0..<outputs * depth).map { _ in Int8(random.integer(-128...127)) }
    bias = (0..<outputs).map { _ in Int32(random.integer(-20_000...20_000)) }
    let scale = 1 / (Float(depth).squareRoot() * 60)
    quantization = OutputQuantization(
      scales: (0..<outputs).map { _ in scale * (0.5 + abs(random.float())) },
      zero: UInt8(random.integer(0...200)), range: adds ? 0...255 : 3...250)
    input = ByteImages(
      height: shape.height, width: shape.width, channels: shape.channels,
      zero: UInt8(random.integer(0...255)), border: plan.border)
    input.fill(images: images, &random)
    guard adds else {
      other = nil
      return
    }
    let other = ByteImages(
      height: shape.outputHeight, width: shape.outputWidth, channels: outputs, zero: 77)
    other.fill(images: images, &random)
    self.other = other
  }

  var addition: ByteAddition? {
    other.map { ByteAddition($0, kept: 0.625, added: 0.31, zero: 9, range: 9...255) }
  }

  func computed(
    by processor: Processor, on images: ByteImages? = nil
  ) throws -> ByteImages {
    let packed = try PackedConvolution(
      weights: weights.span, outputs: outputs, taps: plan.taps, channels: plan.tapValues,
      bias: bias, inputZero: input.zero, quantization: quantization, in: SlabArena())
    let output = ByteImages(
      height: shape.outputHeight, width: shape.outputWidth, channels: outputs,
      zero: addition?.zero ?? quantization.zero)
    processor.convolve(
      images ?? input, by: packed, plan, adding: addition, into: output)
    return output
  }

  func defined(image: Int, y: Int, x: Int, output: Int) -> UInt8 {
    var sum = bias[output]
    for tap in 0..<shape.taps {
      let row =
        y * shape.strides.down - shape.padding.top
        + tap / shape.kernel.width * shape.dilations.down
      let column =
        x * shape.strides.right - shape.padding.left
        + tap % shape.kernel.width * shape.dilations.right
      guard (0..<shape.height).contains(row), (0..<shape.width).contains(column) else { continue }
      for channel in 0..<shape.channels {
        let value = input[image: image, pixel: row * shape.width + column, channel: channel]
        let weight = weights[(output * shape.taps + tap) * shape.channels + channel]
        sum += (Int32(value) - Int32(input.zero)) * Int32(weight)
      }
    }
    let own = quantization
    var value = (Float(sum) * own.scales[output]).rounded(.toNearestOrEven) + Float(own.zero)
    value = min(max(value, Float(own.range.lowerBound)), Float(own.range.upperBound))
    guard let addition else { return UInt8(value) }
    let pixel = y * shape.outputWidth + x
    let also =
      Float(addition.other[image: image, pixel: pixel, channel: output])
      - Float(addition.other.zero)
    let kept = (value - Float(own.zero)) * addition.kept
    let added = also * addition.added
    let total = (kept + added).rounded(.toNearestOrEven) + Float(addition.zero)
    return UInt8(
      min(max(total, Float(addition.range.lowerBound)), Float(addition.range.upperBound)))
  }
}

@Suite struct ConvolveTests {
  private static func samples() throws -> [Sample] {
    func border(_ top: Int, _ left: Int, _ bottom: Int, _ right: Int) -> ImageBorder {
      ImageBorder(top: top, left: left, bottom: bottom, right: right)
    }
    return [
      try Sample(
        ConvolutionShape(
          height: 7, width: 9, channels: 5, kernel: (3, 3), padding: border(1, 1, 1, 1)),
        outputs: 70, images: 2, adds: true),
      try Sample(
        ConvolutionShape(
          height: 10, width: 10, channels: 3, kernel: (7, 7), strides: (2, 2),
          padding: border(3, 3, 3, 3)), outputs: 33, images: 3),
      try Sample(
        ConvolutionShape(height: 5, width: 5, channels: 16, kernel: (1, 1)), outputs: 130,
        images: 2, adds: true),
      try Sample(
        ConvolutionShape(height: 9, width: 4, channels: 12, kernel: (1, 1), strides: (2, 3)),
        outputs: 17, images: 1),
      try Sample(
        ConvolutionShape(
          height: 8, width: 11, channels: 8, kernel: (3, 2), strides: (1, 2), dilations: (2, 3),
          padding: border(0, 2, 3, 1)), outputs: 1, images: 2),
      try Sample(
        ConvolutionShape(height: 6, width: 6, channels: 100, kernel: (2, 2)), outputs: 64,
        images: 1),
      try Sample(
        ConvolutionShape(
          height: 12, width: 11, channels: 3, kernel: (7, 7), strides: (2, 2),
          padding: border(3, 3, 3, 3)), outputs: 33, images: 3, joinsRows: true),
      try Sample(
        ConvolutionShape(
          height: 6, width: 9, channels: 1, kernel: (2, 3), strides: (1, 2), dilations: (3, 1),
          padding: border(1, 0, 2, 1)), outputs: 5, images: 2, adds: true, joinsRows: true),
    ]
  }

  @Test(arguments: tiersHere, 0..<8)
  func isItsDefinitionInEveryTier(tier: KernelTier, index: Int) throws {
    let sample = try Self.samples()[index]
    let output = try sample.computed(by: Processor(threads: 1, tier: tier))
    for image in 0..<output.images {
      for y in 0..<output.height {
        for x in 0..<output.width {
          for channel in 0..<output.channels {
            let found = output[image: image, pixel: y * output.width + x, channel: channel]
            let expected = sample.defined(image: image, y: y, x: x, output: channel)
            guard found == expected else {
              Issue.record("image \(image) at \(y), \(x), \(channel): \(found), not \(expected)")
              return
            }
          }
        }
      }
    }
  }

  @Test(arguments: tiersHere)
  func anImagesAnswerIsItsOwn(tier: KernelTier) throws {
    let shape = ConvolutionShape(
      height: 7, width: 7, channels: 20, kernel: (3, 3),
      padding: ImageBorder(top: 1, left: 1, bottom: 1, right: 1))
    let sample = try Sample(shape, outputs: 70, images: 5)
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

  @Test func marginsStandAfterTheMemoryGrew() throws {
    let images = ByteImages(height: 2, width: 2, channels: 3, zero: 5)
    let shape = ConvolutionShape(
      height: 2, width: 2, channels: 3, kernel: (3, 3),
      padding: ImageBorder(top: 1, left: 1, bottom: 1, right: 1))
    let sample = try Sample(shape, outputs: 2, images: 1)
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
