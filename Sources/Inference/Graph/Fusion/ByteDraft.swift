internal import Compute
internal import Models

/// One operator of a quantized network while it is put together.
struct ByteDraft {
  enum Kind {
    /// Waits for what may be added behind it before its weights are packed.
    case convolution(ConvolutionDraft)
    case ready(any GraphOperator)
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
  var groups = 1
  /// s8 [outputs, channels of a group, height, width], or [outputs, channels], or turned.
  var weights: GraphTensor
  /// Whether the weights are [channels, outputs].
  var isTransposed = false
  /// One for each output, or one for all.
  var weightScales: [Float]
  var bias: ByteBias
  /// What is added behind it.
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
    let target = ByteTarget(scale: scale)
    if let draft = draft(of: quantize.reads[0], [index], target) { return draft }
    if let place = own(quantize.reads[0], by: index), let step = sketch.steps[place],
      case .clamp(let range)? = sketch.activation(step), let limited = target.limited(to: range),
      let draft = draft(of: step.reads[0], [index, place], limited)
    {
      return draft
    }
    return function(of: quantize.reads[0], index, target)
  }

  /// - Parameter steps: behind the value, in reverse.
  private func draft(of name: String, _ steps: [Int], _ target: ByteTarget) -> ByteDraft? {
    guard let last = steps.last, let place = own(name, by: last), let step = sketch.steps[place],
      step.node.domain.isEmpty
    else { return nil }
    let steps = steps + [place]
    // Rows of sequences have their channels last: what looks at axes is for images.
    let isRows = sketch.facts[step.writes[0]]?.shape?.count == 3
    if isRows, !["MatMul", "Add", "Mul"].contains(step.node.operation) { return nil }
    switch step.node.operation {
    case "Conv": return convolution(step, steps, target)
    case "Gemm", "MatMul": return product(step, steps, target)
    case "Add": return productWithBias(step, steps, target) ?? sum(step, steps, target)
    case "Mul": return pair(.product, step, steps, target)
    case "MaxPool": return maxPool(step, steps, target)
    case "AveragePool": return averagePool(step, steps, target)
    case "GlobalAveragePool", "ReduceMean": return globalAverage(step, steps, target)
    case "Flatten", "Reshape": return flatten(step, steps, target)
    case "Concat": return concat(step, steps, target)
    default: return nil
    }
  }

  /// The step that computes a value that only one other reads.
  func own(_ name: String, by reader: Int) -> Int? {
    guard sketch.onlyReader(of: name) == reader else { return nil }
    return sketch.producer(of: name)
  }
}
