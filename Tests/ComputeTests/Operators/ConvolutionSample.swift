import Compute
import TestSupport
import Testing

/// A quantized convolution of random numbers, and the same written as its definition.
struct ConvolutionSample {
  let shape: ConvolutionShape
  let plan: ConvolutionPlan
  let outputs: Int
  let groups: Int
  /// s8 [outputs][taps][channels of a group]
  let weights: [Int8]
  let bias: [Int32]
  let quantization: OutputQuantization
  let input: ByteImages
  let other: ByteImages?

  init(
    _ shape: ConvolutionShape, outputs: Int, images: Int, adds: Bool = false,
    joinsRows: Bool = false, groups: Int = 1, steepness: Float = 1, seed: UInt64 = 1
  ) throws {
    var random = SeededGenerator(seed: seed)
    self.shape = shape
    plan = try ConvolutionPlan(shape, joinsRows: joinsRows)
    self.outputs = outputs
    self.groups = groups
    let depth = shape.taps * shape.channels / groups
    weights = (0..<outputs * depth).map { _ in Int8(random.integer(-128...127)) }
    bias = (0..<outputs).map { _ in Int32(random.integer(-20_000...20_000)) }
    let scale = steepness / (Float(depth).squareRoot() * 60)
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

  /// - Parameter portions: pixels of each call, one after the other; nil: all.
  func computed(
    by processor: Processor, on images: ByteImages? = nil, portions: [Range<Int>?] = [nil]
  ) throws -> ByteImages {
    let output = ByteImages(
      height: shape.outputHeight, width: shape.outputWidth, channels: outputs,
      zero: addition?.zero ?? quantization.zero)
    if groups == 1 {
      let packed = try PackedConvolution(
        weights: weights.span, outputs: outputs, taps: plan.taps, channels: plan.tapValues,
        bias: bias, inputZero: input.zero, quantization: quantization, in: SlabArena())
      for pixels in portions {
        processor.convolve(
          images ?? input, by: packed, plan, adding: addition, into: output, pixels: pixels)
      }
    } else {
      let packed = try GroupedConvolution(
        weights: weights.span, outputs: outputs, taps: plan.taps, channels: shape.channels,
        groups: groups, bias: bias, inputZero: input.zero, quantization: quantization,
        in: SlabArena())
      for pixels in portions {
        processor.convolve(
          images ?? input, by: packed, plan, adding: addition, into: output, pixels: pixels)
      }
    }
    return output
  }

  func defined(image: Int, y: Int, x: Int, output: Int) -> UInt8 {
    let depth = shape.channels / groups
    let first = output / (outputs / groups) * depth
    var sum = bias[output]
    for tap in 0..<shape.taps {
      let row =
        y * shape.strides.down - shape.padding.top
        + tap / shape.kernel.width * shape.dilations.down
      let column =
        x * shape.strides.right - shape.padding.left
        + tap % shape.kernel.width * shape.dilations.right
      guard (0..<shape.height).contains(row), (0..<shape.width).contains(column) else { continue }
      for channel in 0..<depth {
        let value = input[
          image: image, pixel: row * shape.width + column, channel: first + channel]
        let weight = weights[(output * shape.taps + tap) * depth + channel]
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

  /// Whether every value that was computed is the one that is defined.
  func expectDefinition(_ output: ByteImages) {
    for image in 0..<output.images {
      for y in 0..<output.height {
        for x in 0..<output.width {
          for channel in 0..<output.channels {
            let found = output[image: image, pixel: y * output.width + x, channel: channel]
            let expected = defined(image: image, y: y, x: x, output: channel)
            guard found == expected else {
              Issue.record("image \(image) at \(y), \(x), \(channel): \(found), not \(expected)")
              return
            }
          }
        }
      }
    }
  }
}
