internal import Compute
internal import Models

/// Sums, products and functions of single values of a quantized network.
extension QuantizedNetwork {
  /// A sum of two byte values: the one of them may be a convolution that nobody else reads, and it
  /// is added to that.
  func sum(_ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget) -> ByteDraft? {
    guard let a = bytes(step.reads[0]), let b = bytes(step.reads[1]), a != b,
      let shape = sketch.facts[a]?.shape, shape == sketch.facts[b]?.shape, shape.count > 2,
      !shape[1...].contains(.unknown)
    else { return pair(.sum, step, steps, target) }
    for (own, other, float) in [(a, b, step.reads[0]), (b, a, step.reads[1])] {
      guard var draft = drafts[own], case .convolution(var convolution) = draft.kind,
        convolution.sum == nil, sketch.readers(of: own).count == 1,
        sketch.readers(of: float).count == 1, !sketch.isOutput(float)
      else { continue }
      convolution.sum = (other, target)
      draft.kind = .convolution(convolution)
      draft.reads.append(other)
      draft.steps += steps
      return draft
    }
    return pair(.sum, step, steps, target)
  }

  /// Of the same shape, or the one of them of one pixel.
  func pair(
    _ kind: BytePair.Kind, _ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget
  ) -> ByteDraft? {
    if let pair = pairOfChannels(kind, step, steps, target) { return pair }
    guard var a = bytes(step.reads[0]), var b = bytes(step.reads[1]), let first = sketch.facts[a],
      let second = sketch.facts[b], let shape = first.shape, let other = second.shape,
      shape.count == other.count, shape[0] == other[0], shape[1] == other[1],
      !shape[1...].contains(.unknown), !other[1...].contains(.unknown)
    else { return nil }
    func isPixel(_ shape: [ONNXDimension]) -> Bool { shape[2...].allSatisfy { $0 == .fixed(1) } }
    if shape != other {
      guard shape.count == 4, isPixel(shape) != isPixel(other) else { return nil }
      if isPixel(shape) { swap(&a, &b) }
    }
    guard let scaleA = scales[a], let scaleB = scales[b] else { return nil }
    let pair = BytePair(
      kind: kind, processor: options.processor, from: (scaleA, scaleB), to: target)
    return ByteDraft(kind: .ready(pair), reads: [a, b], steps: steps, target: target)
  }

  /// With a constant that has a byte for each channel of rows: the bias of a product that is
  /// quantized before it.
  private func pairOfChannels(
    _ kind: BytePair.Kind, _ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget
  ) -> ByteDraft? {
    for (value, constant) in sketch.pairs(step) {
      guard let input = bytes(value), let scale = scales[input],
        let shape = sketch.facts[input]?.shape, shape.count == 2 || shape.count == 3,
        let dequantize = sketch.producer(of: constant, "DequantizeLinear"),
        let own = sketch.byteScale(dequantize), let tensor = sketch.constant(dequantize.reads[0]),
        tensor.rank <= shape.count, let channels = tensor.shape.last, channels == tensor.count,
        shape.last == .fixed(channels), let images = try? images(tensor, own)
      else { continue }
      let pair = BytePair(
        kind: kind, processor: options.processor, from: (scale, own), to: target, constant: images)
      return ByteDraft(kind: .ready(pair), reads: [input], steps: steps, target: target)
    }
    return nil
  }

  /// An image of one pixel.
  private func images(_ tensor: GraphTensor, _ scale: ByteScale) throws -> GraphImages? {
    let bytes = tensor.values(UInt8.self)
    let flip: UInt8 = tensor.elementType == .int8 ? 128 : 0
    let value = try sketch.context.images(
      1, height: 1, width: 1, channels: tensor.count, zero: scale.zero
    ) { image in
      for index in 0..<tensor.count {
        image[image: 0, pixel: 0, channel: index] = bytes[index] ^ flip
      }
    }
    if case .images(let images) = value { return images }
    return nil
  }

  /// Operators of each element by itself.
  private static let elementwise: Set<String> = [
    "Abs", "Add", "Celu", "Clip", "Div", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish",
    "Identity", "LeakyRelu", "Max", "Min", "Mish", "Mul", "Neg", "Pow", "Reciprocal", "Relu",
    "Selu", "Sigmoid", "Softplus", "Softsign", "Sqrt", "Sub", "Swish", "Tanh", "ThresholdedRelu",
  ]

  /// One or several operators that together are a function of one value: a table of 256 bytes.
  func function(of name: String, _ quantize: Int, _ target: ByteTarget) -> ByteDraft? {
    var chain = FunctionChain(network: self)
    guard chain.follow(name), let input = chain.input, let scale = scales[input],
      chain.constantRank <= sketch.facts[input]?.shape?.count ?? 0
    else { return nil }
    let steps = Set(chain.steps).sorted()
    // What others read must be computed anyhow.
    let inside = Set(steps + [quantize])
    for index in steps {
      for value in sketch.steps[index]?.writes ?? [] where !value.isEmpty {
        guard !sketch.isOutput(value), sketch.readers(of: value).allSatisfy(inside.contains) else {
          return nil
        }
      }
    }
    guard let values = try? table(steps, of: name, input, scale),
      let table = ByteTable(values.map { target.scale.byte($0) })
    else { return nil }
    let function = ByteFunction(
      processor: options.processor, table: table, zero: target.scale.zero)
    return ByteDraft(
      kind: .ready(function), reads: [input], steps: steps + [quantize], target: target)
  }

  /// The steps, each as it computes anywhere, on all values that there are.
  private func table(
    _ steps: [Int], of name: String, _ input: String, _ scale: ByteScale
  ) throws -> [Float] {
    let context = sketch.context
    let all = try context.floats(
      [1, 256, 1, 1], (0...255).map { Float($0 - Int(scale.zero)) * scale.scale })
    var values: [String: GraphValue] = [:]
    for index in steps {
      guard let step = sketch.steps[index] else { continue }
      let inputs = step.reads.map { read -> GraphValue? in
        if read.isEmpty { return nil }
        if bytes(read) == input { return .tensor(all) }
        return values[read] ?? sketch.facts[read]?.constant
      }
      let answers = try GraphPlan.compute(step.operation, GraphInputs(inputs), context)
      for (write, answer) in zip(step.writes, answers) { values[write] = answer }
    }
    let answer: GraphValue? = steps.isEmpty ? .tensor(all) : values[name]
    guard case .tensor(let tensor)? = answer, tensor.elementType == .float, tensor.count == 256
    else { throw GraphError("no function of one value") }
    return tensor.values(Float.self).array
  }

  /// Elementwise steps back to the one value of bytes that they come of.
  private struct FunctionChain {
    let network: QuantizedNetwork
    var steps: [Int] = []
    var input: String?
    /// A constant of more dimensions would give some to the answer.
    var constantRank = 0

    /// Longer than any activation that is written out.
    private static let longest = 16

    mutating func follow(_ name: String) -> Bool {
      if let bytes = network.bytes(name) {
        guard input == nil || input == bytes else { return false }
        input = bytes
        return true
      }
      let sketch = network.sketch
      if let constant = sketch.constant(name) {
        constantRank = max(constantRank, constant.rank)
        return constant.count == 1
      }
      guard let index = sketch.producer(of: name), let step = sketch.steps[index],
        step.node.domain.isEmpty, QuantizedNetwork.elementwise.contains(step.node.operation)
      else { return false }
      if steps.contains(index) { return true }
      steps.append(index)
      guard steps.count <= Self.longest else { return false }
      for read in step.reads where !read.isEmpty {
        guard follow(read) else { return false }
      }
      return true
    }
  }
}
