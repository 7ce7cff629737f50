internal import Compute
internal import Models

/// A convolution between DequantizeLinear and QuantizeLinear, with its activation and, at the end
/// of a residual block, the addition behind it.
struct QuantizedConvolution: GraphOperator {
  struct Sum: Sendable {
    let kept: Float
    let added: Float
    let target: ByteTarget
  }

  let processor: Processor
  let windows: WindowPlans
  let packed: PackedConvolution
  let sum: Sum?

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let kernel = [windows.kernel.height, windows.kernel.width]
    let shape = try windows.rule.inferred(
      inputs[0].shape, kernel: kernel, channels: .fixed(packed.outputs))
    return [GraphFact(.uint8, shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let input = try inputs.images(0)
    let plan = try windows.plan(for: input)
    let addition = try sum.map {
      ByteAddition(
        try inputs.images(1), kept: $0.kept, added: $0.added, zero: $0.target.zero,
        range: $0.target.range)
    }
    if let other = addition?.other {
      guard
        (other.images, other.height, other.width, other.channels)
          == (input.images, plan.shape.outputHeight, plan.shape.outputWidth, packed.outputs)
      else { throw GraphError("what is added is of another shape") }
    }
    return [
      try context.images(
        input.images, height: plan.shape.outputHeight, width: plan.shape.outputWidth,
        channels: packed.outputs, zero: sum?.target.zero ?? packed.quantization.zero
      ) { output in
        processor.convolve(input, by: packed, plan, adding: addition, into: output)
      }
    ]
  }
}

/// What the bytes of a value stand for, and which of them there may be.
struct ByteTarget: Sendable, Equatable {
  var scale: Float
  var zero: UInt8
  var range: ClosedRange<UInt8> = 0...255
}
