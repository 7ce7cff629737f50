internal import Compute
internal import Models

/// The largest byte of each window (ONNX: MaxPool between bytes of one scale).
struct QuantizedMaxPool: GraphOperator {
  let processor: Processor
  let windows: WindowPlans

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    let kernel = [windows.kernel.height, windows.kernel.width]
    let shape = try windows.rule.inferred(inputs[0].shape, kernel: kernel, channels: nil)
    return [GraphFact(.uint8, shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let input = try inputs.images(0)
    let plan = try windows.plan(for: input)
    return [
      try context.images(
        input.images, height: plan.shape.outputHeight, width: plan.shape.outputWidth,
        channels: input.channels, zero: input.zero
      ) { output in
        processor.maxPool(input, plan, into: output)
      }
    ]
  }
}

/// The mean of each channel (ONNX: GlobalAveragePool between bytes).
struct QuantizedGlobalAverage: GraphOperator {
  let processor: Processor
  let scale: ByteScale
  let output: ByteScale

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let input = try inputs.images(0)
    return [
      try context.images(
        input.images, height: 1, width: 1, channels: input.channels, zero: output.zero
      ) { means in
        processor.averages(input, scale, into: means, output)
      }
    ]
  }
}
