import Compute
import TestSupport
import Testing

@Suite struct FloatWindowsTests {
  /// A convolution of random floats, and the same written as its definition.
  struct Sample: Sendable {
    let shape: ConvolutionShape
    let outputs: Int
    var images = 2
    var isDepthwise = false
    var joinsRows = false
    var seed: UInt64 = 1

    /// Channels that an output sees.
    var depth: Int { isDepthwise ? 1 : shape.channels }

    /// Of each image the pixels in order, each with its channels.
    func pictures() -> [Float] {
      var random = SeededGenerator(seed: seed)
      return random.floats(images * shape.height * shape.width * shape.channels)
    }
    /// Of each output the taps in order, each with its channels.
    func weights() -> [Float] {
      var random = SeededGenerator(seed: seed + 1)
      return random.floats(outputs * shape.taps * depth)
    }
    func bias() -> [Float] {
      var random = SeededGenerator(seed: seed + 2)
      return random.floats(outputs)
    }

    func matrix(_ kind: PackedMatrix.Kind = .float(.f32)) throws -> PackedMatrix {
      let (weights, inputs) = (weights(), shape.taps * depth)
      return try PackedMatrix(
        kind: kind, outputs: outputs, inputs: inputs, bias: bias(), in: SlabArena()
      ) { writer throws(ComputeError) in
        for output in 0..<outputs {
          try writer.append(Array(weights[output * inputs..<(output + 1) * inputs]))
        }
      }
    }

    func computed(
      _ processor: Processor, _ epilogue: Epilogue, on pictures: [Float]? = nil,
      _ kind: PackedMatrix.Kind = .float(.f32), portions: [Range<Int>?] = [nil]
    ) throws -> FloatRows {
      let windows = try FloatWindows(shape, joinsRows: joinsRows)
      let matrix = try matrix(kind)
      let pictures = pictures ?? self.pictures()
      let size = shape.height * shape.width * shape.channels
      let x = FloatRows(rows: pictures.count / size, columns: size, pictures)
      let output = FloatRows()
      guard joinsRows else {
        for pixels in portions {
          processor.convolve(
            x, by: [matrix], windows, isDepthwise: isDepthwise, epilogue: epilogue, into: output,
            pixels: pixels)
        }
        return output
      }
      // Bordered images are made of planes.
      let (planes, bordered) = (FloatRows(), FloatRows())
      processor.turn(
        FloatRows(
          rows: x.rows * shape.height * shape.width, columns: shape.channels, pictures),
        matrices: x.rows, into: planes)
      processor.addBorder(
        FloatRows(rows: x.rows, columns: size, (0..<planes.rows).flatMap { planes.row($0) }),
        windows, into: bordered)
      for pixels in portions {
        processor.convolve(
          bordered, by: [matrix], windows, epilogue: epilogue, into: output, pixels: pixels)
      }
      return output
    }

    /// The places of the image under a pixel's kernel: which tap, and where; nil in the padding.
    func places(_ pixel: Int) -> [(tap: Int, place: Int?)] {
      let (down, right) = (pixel / shape.outputWidth, pixel % shape.outputWidth)
      return (0..<shape.taps).map { tap in
        let y =
          down * shape.strides.down - shape.padding.top
          + tap / shape.kernel.width * shape.dilations.down
        let x =
          right * shape.strides.right - shape.padding.left
          + tap % shape.kernel.width * shape.dilations.right
        let isInside = (0..<shape.height).contains(y) && (0..<shape.width).contains(x)
        return (tap, isInside ? y * shape.width + x : nil)
      }
    }

    /// f64 sums, [images · pixels × outputs].
    func defined() -> FloatRows {
      let (pictures, weights, bias) = (pictures(), weights(), bias())
      let area = shape.height * shape.width
      let result = FloatRows(rows: images * shape.pixels, columns: outputs)
      for image in 0..<images {
        for pixel in 0..<shape.pixels {
          let places = places(pixel)
          for output in 0..<outputs {
            var sum = Double(bias[output])
            for case (let tap, let place?) in places {
              for channel in 0..<depth {
                let from = isDepthwise ? output : channel
                sum +=
                  Double(pictures[(image * area + place) * shape.channels + from])
                  * Double(weights[(output * shape.taps + tap) * depth + channel])
              }
            }
            result[image * shape.pixels + pixel, output] = Float(sum)
          }
        }
      }
      return result
    }
  }

  private static func border(_ top: Int, _ left: Int, _ bottom: Int, _ right: Int) -> ImageBorder {
    ImageBorder(top: top, left: left, bottom: bottom, right: right)
  }

  static let samples: [Sample] = [
    Sample(
      shape: ConvolutionShape(
        height: 7, width: 9, channels: 5, kernel: (3, 3), padding: border(1, 1, 1, 1)),
      outputs: 70),
    Sample(
      shape: ConvolutionShape(
        height: 8, width: 11, channels: 20, kernel: (3, 2), strides: (1, 2), dilations: (2, 3),
        padding: border(0, 2, 3, 1)), outputs: 1, images: 3),
    Sample(
      shape: ConvolutionShape(height: 9, width: 4, channels: 33, kernel: (1, 1), strides: (2, 3)),
      outputs: 130, images: 1),
    Sample(
      shape: ConvolutionShape(
        height: 12, width: 11, channels: 3, kernel: (7, 7), strides: (2, 2),
        padding: border(3, 3, 3, 3)), outputs: 33, joinsRows: true),
    Sample(
      shape: ConvolutionShape(
        height: 6, width: 9, channels: 1, kernel: (2, 3), strides: (1, 2), dilations: (3, 1),
        padding: border(1, 0, 2, 1)), outputs: 5, images: 3, joinsRows: true),
    Sample(
      shape: ConvolutionShape(
        height: 9, width: 7, channels: 70, kernel: (3, 3), padding: border(1, 1, 1, 1)),
      outputs: 70, isDepthwise: true),
    Sample(
      shape: ConvolutionShape(
        height: 11, width: 6, channels: 9, kernel: (5, 2), strides: (2, 1), dilations: (1, 2),
        padding: border(2, 1, 0, 3)), outputs: 9, images: 3, isDepthwise: true),
  ]

  @Test(arguments: tiersHere, samples.indices)
  func isItsDefinitionInEveryTier(tier: KernelTier, index: Int) throws {
    let sample = Self.samples[index]
    let found = try sample.computed(Processor(threads: 2, tier: tier), .store)
    #expect(distance(found, sample.defined()) < 1e-5)
  }

  @Test(arguments: tiersHere, samples.indices)
  func epiloguesAreWhatFollowsInEveryTier(tier: KernelTier, index: Int) throws {
    let sample = Self.samples[index]
    let processor = try Processor(threads: 1, tier: tier)
    let plain = sample.defined()
    let other = FloatRows(random: plain.rows, plain.columns, seed: 7)
    let range: ClosedRange<Float> = -0.25...0.5
    func expected(_ body: (Float, Float) -> Float) -> FloatRows {
      FloatRows(
        rows: plain.rows, columns: plain.columns,
        (0..<plain.rows).flatMap { zip(plain.row($0), other.row($0)).map(body) })
    }
    func held(_ value: Float) -> Float { min(max(value, range.lowerBound), range.upperBound) }
    let cases: [(Epilogue, FloatRows)] = [
      (.add(other), expected { $0 + $1 }),
      (.clamp(range), expected { sum, _ in held(sum) }),
      (.clamp(range, adding: other), expected { held($0 + $1) }),
    ]
    for (epilogue, expected) in cases {
      #expect(distance(try sample.computed(processor, epilogue), expected) < 1e-5)
    }
  }

  /// To the last bit, whatever stands beside it and however many threads share the work.
  @Test(arguments: tiersHere, samples.indices)
  func anImagesAnswerIsItsOwn(tier: KernelTier, index: Int) throws {
    let sample = Self.samples[index]
    let all = try sample.computed(Processor(threads: 3, tier: tier), .store)
    let pictures = sample.pictures()
    let (size, pixels) = (pictures.count / sample.images, sample.shape.pixels)
    for image in 0..<sample.images {
      let alone = try sample.computed(
        Processor(threads: 1, tier: tier), .store,
        on: Array(pictures[image * size..<(image + 1) * size]))
      #expect(alone.bits == all.part(image * pixels..<(image + 1) * pixels).bits)
    }
  }

  /// A window's bytes are within half a step of its range, a weight's within half of its own.
  @Test(arguments: tiersHere, samples.indices)
  func weightsOfBytesAreNearAndImagesAlone(tier: KernelTier, index: Int) throws {
    let sample = Self.samples[index]
    guard !sample.isDepthwise else { return }
    let processor = try Processor(threads: 2, tier: tier)
    let exact = sample.defined()
    let found = try sample.computed(processor, .store, .int8PerOutput)
    let inputs = Float(sample.shape.taps * sample.depth)
    let bound = 0.015 * inputs.squareRoot() + 0.01
    #expect(distance(found, exact) < bound)
    let other = FloatRows(random: exact.rows, exact.columns, seed: 7)
    let added = try sample.computed(processor, .clamp(0...0.5, adding: other), .int8PerOutput)
    for row in 0..<found.rows {
      let expected = zip(found.row(row), other.row(row)).map { min(max($0 + $1, 0), 0.5) }
      #expect(zip(added.row(row), expected).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    let pictures = sample.pictures()
    let (size, pixels) = (pictures.count / sample.images, sample.shape.pixels)
    for image in 0..<sample.images {
      let alone = try sample.computed(
        Processor(threads: 1, tier: tier), .store,
        on: Array(pictures[image * size..<(image + 1) * size]), .int8PerOutput)
      #expect(alone.bits == found.part(image * pixels..<(image + 1) * pixels).bits)
    }
  }

  /// A block's answer is that of a convolution of its channels alone, whoever is beside it.
  @Test(arguments: tiersHere, [1, 3])
  func aBlockIsAConvolutionOfItsChannels(tier: KernelTier, threads: Int) throws {
    let processor = try Processor(threads: threads, tier: tier)
    for (channels, outputs) in [(8, 20), (5, 64), (17, 3)] {
      var own = ConvolutionShape(
        height: 9, width: 7, channels: channels, kernel: (3, 2), strides: (2, 1),
        padding: Self.border(1, 0, 1, 1))
      let samples = (0..<3).map { Sample(shape: own, outputs: outputs, seed: UInt64($0) * 9) }
      let parts = samples.map { $0.pictures() }
      own.channels = 3 * channels
      let windows = try FloatWindows(own)
      let size = own.height * own.width * own.channels
      let joined = (0..<2 * size / own.channels).flatMap { place in
        parts.flatMap { $0[place * channels..<(place + 1) * channels] }
      }
      let x = FloatRows(rows: 2, columns: size, joined)
      let other = FloatRows(random: 2 * own.pixels, 3 * outputs, seed: 4)
      let output = FloatRows()
      processor.convolve(
        x, by: try samples.map { try $0.matrix() }, windows,
        epilogue: .clamp(-1...2, adding: other), into: output)
      for (index, sample) in samples.enumerated() {
        let columns = index * outputs..<(index + 1) * outputs
        let alone = try sample.computed(
          processor,
          .clamp(
            -1...2,
            adding: FloatRows(
              rows: other.rows, columns: outputs,
              (0..<other.rows).flatMap { other.row($0)[columns] })))
        for row in 0..<output.rows { #expect(Array(output.row(row)[columns]) == alone.row(row)) }
      }
    }
  }

  /// Values of windows wholly in the padding are left out: planners refuse such shapes.
  @Test(arguments: tiersHere, [1, 5, 16, 33, 70])
  func theLargestOfEachWindow(tier: KernelTier, channels: Int) throws {
    let sample = Sample(
      shape: ConvolutionShape(
        height: 7, width: 10, channels: channels, kernel: (3, 2), strides: (2, 1),
        dilations: (1, 2), padding: Self.border(1, 0, 1, 1)), outputs: channels)
    let (shape, pictures) = (sample.shape, sample.pictures())
    let size = shape.height * shape.width * channels
    let output = FloatRows()
    try Processor(threads: 2, tier: tier).poolLargest(
      FloatRows(rows: sample.images, columns: size, pictures), FloatWindows(shape), into: output)
    for image in 0..<sample.images {
      for pixel in 0..<shape.pixels {
        let places = sample.places(pixel).compactMap(\.place)
        let expected = (0..<channels).map { channel in
          places.map { pictures[image * size + $0 * channels + channel] }.max()
        }
        #expect(output.row(image * shape.pixels + pixel) == expected)
      }
    }
  }

  @Test(arguments: tiersHere, [(1, 1), (16, 16), (3, 50), (49, 3), (17, 33), (64, 20)])
  func turnedRowsAreColumns(tier: KernelTier, size: (rows: Int, columns: Int)) throws {
    let x = FloatRows(random: 3 * size.rows, size.columns, seed: 5)
    let output = FloatRows()
    try Processor(threads: 2, tier: tier).turn(x, matrices: 3, into: output)
    #expect(output.rows == 3 * size.columns && output.columns == size.rows)
    for matrix in 0..<3 {
      for column in 0..<size.columns {
        let expected = (0..<size.rows).map { x[matrix * size.rows + $0, column] }
        #expect(output.row(matrix * size.columns + column) == expected)
      }
    }
  }
}
