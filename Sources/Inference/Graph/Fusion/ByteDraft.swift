internal import Compute
internal import Models

/// One operator of a quantized network before its weights are packed.
struct ByteDraft {
  enum Kind {
    case convolution(ConvolutionDraft)
    case maxPool(WindowRule, kernel: (height: Int, width: Int))
    case globalAverage
    case flatten
  }

  var kind: Kind
  /// Names of the byte values that it takes.
  var reads: [String]
  /// The steps that it stands for, the last of them a QuantizeLinear.
  var steps: [Int]
  var target: ByteTarget
}

/// A convolution, or a product as one of a single pixel.
struct ConvolutionDraft {
  var rule: WindowRule
  var kernel: (height: Int, width: Int)
  /// s8 [outputs, channels, height, width], or [outputs, channels], or the other way round.
  var weights: GraphTensor
  /// Whether the weights are [channels, outputs].
  var isTransposed = false
  /// One for each output, or one for all.
  var weightScales: [Float]
  var bias: ByteBias
  /// What is added behind it, with the scale and range of the sum.
  var sum: (other: String, target: ByteTarget)?
}

/// What is added to the sums of a convolution.
enum ByteBias {
  case none
  /// s32 [outputs], in units of the sums.
  case sums(GraphTensor)
  /// f32 [outputs]
  case floats(GraphTensor)
}

extension QuantizedNetwork {
  /// What stands in front of a QuantizeLinear, where it can be computed from bytes.
  func draft(_ quantize: GraphSketch.Step, _ index: Int, _ scale: ByteScale) -> ByteDraft? {
    var target = ByteTarget(scale: scale.scale, zero: scale.zero)
    var steps = [index]
    var name = quantize.reads[0]
    if let activation = sketch.producer(of: name, "Relu", "Clip"),
      bytes(activation.reads[0]) == nil, let place = own(name, by: index)
    {
      guard target.keep(activation, sketch) else { return nil }
      steps.append(place)
      name = activation.reads[0]
    }
    guard let last = steps.last, let place = own(name, by: last), let step = sketch.steps[place],
      step.node.domain.isEmpty
    else { return nil }
    steps.append(place)
    switch step.node.operation {
    case "Conv": return convolution(step, steps, target)
    case "Gemm", "MatMul": return product(step, steps, target)
    case "Add": return productWithBias(step, steps, target) ?? sum(step, steps, target)
    case "MaxPool": return maxPool(step, steps, target)
    case "GlobalAveragePool": return simple(.globalAverage, step, steps, target)
    case "Flatten", "Reshape": return flatten(step, steps, target)
    default: return nil
    }
  }

  /// The step that computes a value that only one other reads.
  func own(_ name: String, by reader: Int) -> Int? {
    guard sketch.onlyReader(of: name) == reader else { return nil }
    return sketch.producer(of: name)
  }

  func simple(
    _ kind: ByteDraft.Kind, _ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget
  ) -> ByteDraft? {
    guard let input = bytes(step.reads[0]) else { return nil }
    return ByteDraft(kind: kind, reads: [input], steps: steps, target: target)
  }

  private func maxPool(
    _ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget
  ) -> ByteDraft? {
    guard step.writes.count == 1 || step.writes[1].isEmpty, let pool = step.operation as? Pool,
      let kernel = pool.rule.kernel, kernel.count == 2,
      pool.rule.dilations?.allSatisfy({ $0 == 1 }) ?? true,
      pool.rule.pads?.indices.allSatisfy({ pool.rule.pads?[$0] ?? 0 < kernel[$0 % 2] }) ?? true,
      let input = bytes(step.reads[0]), let scale = scales[input],
      target == ByteTarget(scale: scale.scale, zero: scale.zero)
    else { return nil }
    return ByteDraft(
      kind: .maxPool(pool.rule, kernel: (kernel[0], kernel[1])), reads: [input], steps: steps,
      target: target)
  }

  /// Only of one pixel, where nothing moves.
  private func flatten(
    _ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget
  ) -> ByteDraft? {
    guard let input = bytes(step.reads[0]), let scale = scales[input],
      target == ByteTarget(scale: scale.scale, zero: scale.zero),
      let from = sketch.facts[step.reads[0]]?.shape, let to = sketch.facts[step.writes[0]]?.shape,
      from.count == 4, from[2] == .fixed(1), from[3] == .fixed(1), to.count == 2, to[1] == from[1]
    else { return nil }
    return ByteDraft(kind: .flatten, reads: [input], steps: steps, target: target)
  }
}

extension ByteTarget {
  /// Leaves out what an activation does not let through.
  mutating func keep(_ activation: GraphSketch.Step, _ sketch: GraphSketch) -> Bool {
    var (low, high) = (0 as Float, Float.infinity)
    if activation.node.operation == "Clip" {
      func bound(_ index: Int, _ name: String) -> Float? {
        guard activation.reads.count > index, !activation.reads[index].isEmpty else {
          return activation.node.attributes[name] == nil ? nil : try? activation.node.float(name)
        }
        guard let tensor = sketch.constant(activation.reads[index]), tensor.count == 1,
          tensor.elementType == .float
        else { return .nan }
        return tensor.values(Float.self)[0]
      }
      low = bound(1, "min") ?? -.infinity
      high = bound(2, "max") ?? .infinity
    }
    guard low <= high else { return false }
    func byte(_ value: Float) -> UInt8 {
      let steps = (value / scale).rounded(.toNearestOrEven) + Float(zero)
      return UInt8(min(max(steps, 0), 255))
    }
    let (least, most) = (max(byte(low), range.lowerBound), min(byte(high), range.upperBound))
    guard least <= most else { return false }
    range = least...most
    return true
  }
}
