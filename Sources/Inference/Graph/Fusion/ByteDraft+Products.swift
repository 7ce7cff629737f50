internal import Compute
internal import Models

/// Convolutions, products and sums of a quantized network.
extension QuantizedNetwork {
  func convolution(_ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget) -> ByteDraft? {
    guard let operation = step.operation as? Conv,
      let input = bytes(step.reads[0]), let weights = weights(step.reads[1], outputsAt: 0),
      weights.tensor.rank == 4
    else { return nil }
    let outputs = weights.tensor.shape[0]
    guard outputs % operation.groups == 0,
      sketch.facts[input]?.shape?[1] == .fixed(weights.tensor.shape[1] * operation.groups)
    else { return nil }
    guard weights.scales.count == 1 || weights.scales.count == outputs,
      let bias = bias(step, 2, outputs, input, weights.scales)
    else { return nil }
    let draft = ConvolutionDraft(
      rule: operation.rule, kernel: (weights.tensor.shape[2], weights.tensor.shape[3]),
      groups: operation.groups, weights: weights.tensor, weightScales: weights.scales, bias: bias)
    return ByteDraft(kind: .convolution(draft), reads: [input], steps: steps, target: target)
  }

  func product(_ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget) -> ByteDraft? {
    guard let input = bytes(step.reads[0]), sketch.facts[step.reads[0]]?.shape?.count == 2 else {
      return nil
    }
    var isTransposed = true
    if let gemm = step.operation as? Gemm {
      guard !gemm.turnsA, gemm.alpha == 1, gemm.beta == 1 || step.node.input(2) == nil else {
        return nil
      }
      isTransposed = !gemm.turnsB
    }
    guard let weights = weights(step.reads[1], outputsAt: isTransposed ? 1 : 0),
      weights.tensor.rank == 2
    else { return nil }
    let outputs = weights.tensor.shape[isTransposed ? 1 : 0]
    guard weights.scales.count == 1 || weights.scales.count == outputs,
      let bias = bias(step, 2, outputs, input, weights.scales)
    else { return nil }
    let draft = ConvolutionDraft(
      rule: .single, kernel: (1, 1), weights: weights.tensor, isTransposed: isTransposed,
      weightScales: weights.scales, bias: bias)
    return ByteDraft(kind: .convolution(draft), reads: [input], steps: steps, target: target)
  }

  /// MatMul and the Add of its bias.
  func productWithBias(
    _ add: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget
  ) -> ByteDraft? {
    for (product, bias) in [(0, 1), (1, 0)] {
      guard let place = own(add.reads[product], by: steps[steps.count - 1]),
        let step = sketch.steps[place], step.operation is MatMul,
        var draft = self.product(step, steps + [place], target),
        case .convolution(var convolution) = draft.kind,
        let found = self.bias(
          add, bias, convolution.weights.shape[1], draft.reads[0], convolution.weightScales)
      else { continue }
      convolution.bias = found
      draft.kind = .convolution(convolution)
      return draft
    }
    return nil
  }

  /// Weights of bytes that DequantizeLinear reads, and their scales.
  private func weights(
    _ name: String, outputsAt axis: Int
  ) -> (tensor: GraphTensor, scales: [Float])? {
    guard let step = sketch.producer(of: name, "DequantizeLinear"),
      let operation = step.operation as? DequantizeLinear, operation.block == 0,
      let bytes = sketch.constant(step.reads[0]),
      let tensor = try? signed(bytes, zeros: step.reads.count > 2 ? step.reads[2] : ""),
      let scales = sketch.constant(step.reads[1]), scales.elementType == .float,
      scales.count == 1 || (try? Axes.normalized(operation.axis, rank: tensor.rank)) == axis
    else { return nil }
    let values = scales.values(Float.self).array
    return values.allSatisfy { $0.isFinite && $0 > 0 } ? (tensor, values) : nil
  }

  /// Weights around 0: those around 128 are the same without their highest bit.
  private func signed(_ weights: GraphTensor, zeros name: String) throws -> GraphTensor? {
    let zeros = name.isEmpty ? [0] : try sketch.constant(name)?.ints()
    switch weights.elementType {
    case .int8: return zeros?.allSatisfy { $0 == 0 } ?? false ? weights : nil
    case .uint8:
      guard zeros?.allSatisfy({ $0 == 128 }) ?? false else { return nil }
      let from = weights.values(UInt8.self)
      let to = try NewTensor<Int8>(.int8, weights.shape, sketch.context.budget)
      for index in 0..<from.count { to[index] = Int8(bitPattern: from[index] ^ 128) }
      return to.tensor
    default: return nil
    }
  }

  /// Whether there is one number for each output, on the last axis.
  private func isRow(_ tensor: GraphTensor, _ outputs: Int) -> Bool {
    tensor.count == outputs && tensor.rank <= 2 && tensor.shape.last == outputs
  }

  private func isZero(_ name: String) -> Bool {
    guard !name.isEmpty else { return true }
    return (try? sketch.constant(name)?.ints())?.allSatisfy { $0 == 0 } ?? false
  }

  /// The bias that a step reads; nil where it is of no use.
  private func bias(
    _ step: GraphSketch.Step, _ index: Int, _ outputs: Int, _ input: String,
    _ weightScales: [Float]
  ) -> ByteBias? {
    guard index < step.reads.count, !step.reads[index].isEmpty else { return ByteBias.none }
    let name = step.reads[index]
    if let tensor = sketch.constant(name) {
      return tensor.elementType == .float && isRow(tensor, outputs) ? .floats(tensor) : nil
    }
    guard let dequantize = sketch.producer(of: name, "DequantizeLinear"),
      let tensor = sketch.constant(dequantize.reads[0]), tensor.elementType == .int32,
      isRow(tensor, outputs), isZero(dequantize.reads[2]),
      let scales = sketch.constant(dequantize.reads[1]),
      scales.elementType == .float, scales.count == 1 || scales.count == outputs,
      let scale = self.scales[input]?.scale
    else { return nil }
    let units = scales.values(Float.self)
    for output in 0..<outputs {
      let sum = scale * weightScales[weightScales.count == 1 ? 0 : output]
      let unit = units[units.count == 1 ? 0 : output]
      guard abs(unit - sum) <= 1e-5 * sum else { return nil }
    }
    return .sums(tensor)
  }
}
