internal import Compute
internal import Models

/// A convolution between DequantizeLinear and QuantizeLinear, with its activation and, at the end
/// of a residual block, the addition behind it.
struct ByteConvolution: GraphOperator {
  struct Sum: Sendable {
    let kept: Float
    let added: Float
    let target: ByteTarget
  }

  enum Weights: Sendable {
    case dense(PackedConvolution)
    case grouped(GroupedConvolution)

    var outputs: Int {
      switch self {
      case .dense(let weights): weights.outputs
      case .grouped(let weights): weights.outputs
      }
    }

    /// How many products each value of the input is in at a tap.
    var outputsPerGroup: Int {
      switch self {
      case .dense(let weights): weights.outputs
      case .grouped(let weights): weights.outputs / max(1, weights.groups)
      }
    }

    func fit(_ plan: ConvolutionPlan) -> Bool {
      switch self {
      case .dense(let weights): weights.channels == plan.tapValues && weights.taps == plan.taps
      case .grouped(let weights):
        weights.channels == plan.shape.channels && weights.taps == plan.taps
      }
    }
  }

  let processor: Processor
  let windows: WindowPlans
  let weights: Weights
  /// The zero of what the convolution itself gives.
  let zero: UInt8
  let sum: Sum?

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [try windows.inferred(inputs[0], channels: .fixed(weights.outputs))]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let input = try inputs.images(0)
    let held = try windows.plan(for: input, context)
    let plan = held.plan
    defer { withExtendedLifetime(held) {} }
    guard weights.fit(plan), input.border == plan.border else {
      throw GraphError("its weights do not fit images of \(input.channels) channels")
    }
    let addition = try sum.map {
      ByteAddition(
        try inputs.images(1), kept: $0.kept, added: $0.added, zero: $0.target.scale.zero,
        range: $0.target.range)
    }
    if let other = addition?.other {
      guard
        (other.images, other.height, other.width, other.channels)
          == (input.images, plan.shape.outputHeight, plan.shape.outputWidth, weights.outputs),
        other.border == nil
      else { throw GraphError("what is added is of another shape") }
    }
    return [
      try context.images(
        input.images, height: plan.shape.outputHeight, width: plan.shape.outputWidth,
        channels: weights.outputs, zero: sum?.target.scale.zero ?? zero
      ) { output in
        try context.watch.portions(
          input.images * plan.shape.pixels,
          products: plan.taps * plan.tapValues * weights.outputsPerGroup
        ) { pixels in
          switch weights {
          case .dense(let weights):
            processor.convolve(
              input, by: weights, plan, adding: addition, into: output, pixels: pixels)
          case .grouped(let weights):
            processor.convolve(
              input, by: weights, plan, adding: addition, into: output, pixels: pixels)
          }
        }
      }
    ]
  }
}
