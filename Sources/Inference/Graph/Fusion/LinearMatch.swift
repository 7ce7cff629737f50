internal import Models

/// A product with constant weights as a graph writes it, with its bias.
struct LinearMatch {
  /// All steps, but those that several products share.
  var steps: [Int]
  /// The rows.
  var input: String
  var output: String
  var weights: LinearWeights
}

extension GraphSketch {
  /// The product whose value, with the bias if there is one, this is.
  func linear(of name: String) -> LinearMatch? {
    if let sum = producer(of: name, "Add"), let place = producer(of: name) {
      for (product, bias) in pairs(sum) {
        guard onlyReader(of: product) == place, var found = self.product(of: product),
          found.weights.bias.isEmpty,
          let bias = self.bias(bias, found.weights.outputs, rank: facts[product]?.shape?.count)
        else { continue }
        found.weights.bias = bias
        found.steps.append(place)
        found.output = name
        return found
      }
      return nil
    }
    return product(of: name)
  }

  private func product(of name: String) -> LinearMatch? {
    guard let place = producer(of: name), let step = steps[place] else { return nil }
    switch (step.node.domain, step.node.operation) {
    case ("", "MatMul"):
      guard constant(step.reads[0]) == nil, let weights = constant(step.reads[1]),
        weights.elementType == .float, weights.rank == 2, weights.count > 0
      else { return nil }
      return LinearMatch(
        steps: [place], input: step.reads[0], output: name,
        weights: LinearWeights(
          values: .floats(weights), inputs: weights.shape[0], outputs: weights.shape[1],
          isTurned: true))
    case ("", "Gemm"): return gemm(step, place)
    case ("", "Mul"): return quantized(step, place)
    case ("com.microsoft", "MatMulIntegerToFloat"): return integerToFloat(step, place)
    case ("com.microsoft", "DynamicQuantizeMatMul"): return dynamic(step, place)
    default: return nil
    }
  }

  private func gemm(_ step: Step, _ place: Int) -> LinearMatch? {
    guard let gemm = step.operation as? Gemm, !gemm.turnsA, constant(step.reads[0]) == nil,
      let weights = constant(step.reads[1]), weights.elementType == .float, weights.rank == 2,
      weights.count > 0
    else { return nil }
    let outputs = weights.shape[gemm.turnsB ? 0 : 1]
    var bias: [Float] = []
    if step.reads.count > 2, !step.reads[2].isEmpty {
      guard let given = self.bias(step.reads[2], outputs, rank: 2) else { return nil }
      bias = given.map { $0 * gemm.beta }
    }
    return LinearMatch(
      steps: [place], input: step.reads[0], output: step.writes[0],
      weights: LinearWeights(
        values: .floats(weights), inputs: weights.shape[gemm.turnsB ? 1 : 0], outputs: outputs,
        isTurned: !gemm.turnsB, factor: gemm.alpha, bias: bias))
  }

  /// A constant that adds a number to each output.
  private func bias(_ name: String, _ outputs: Int, rank: Int?) -> [Float]? {
    guard let tensor = constant(name), tensor.elementType == .float,
      tensor.rank <= max(1, rank ?? 1), tensor.count == 1 || tensor.shape.last == outputs,
      tensor.count == 1 || tensor.count == outputs
    else { return nil }
    let values = tensor.values(Float.self).array
    return values.count == outputs ? values : Array(repeating: values[0], count: outputs)
  }

  // Dynamically quantized, as onnxruntime's quantize_dynamic writes it:
  //
  //     x → DynamicQuantizeLinear → bytes, scale, zero
  //     Cast(MatMulInteger(bytes, W, zero, zero of W)) · (scale · scale of W)
  private func quantized(_ step: Step, _ place: Int) -> LinearMatch? {
    for (product, scale) in pairs(step) {
      guard let casting = producer(of: product), let cast = producer(of: product, "Cast"),
        facts[product]?.type == .float, let multiplying = producer(of: cast.reads[0]),
        let integers = producer(of: cast.reads[0], "MatMulInteger"), integers.reads.count > 2,
        let scaling = producer(of: scale), let scales = producer(of: scale, "Mul"),
        let x = source(integers.reads[0], zero: integers.reads[2])
      else { continue }
      for (own, constant) in pairs(scales) where own == x.scale {
        let zero = integers.reads.count > 3 ? integers.reads[3] : ""
        guard let weights = self.weights(integers.reads[1], scale: constant, zero: zero) else {
          continue
        }
        let steps = [place, casting, multiplying]
        guard isClosed(steps, but: step.writes[0]) else { continue }
        return LinearMatch(
          steps: onlyReader(of: scale) == place ? steps + [scaling] : steps, input: x.input,
          output: step.writes[0], weights: weights)
      }
    }
    return nil
  }

  private func integerToFloat(_ step: Step, _ place: Int) -> LinearMatch? {
    func read(_ index: Int) -> String { index < step.reads.count ? step.reads[index] : "" }
    guard let x = source(read(0), zero: read(4)), x.scale == read(2),
      let weights = weights(read(1), scale: read(3), zero: read(5), bias: read(6))
    else { return nil }
    return LinearMatch(steps: [place], input: x.input, output: step.writes[0], weights: weights)
  }

  private func dynamic(_ step: Step, _ place: Int) -> LinearMatch? {
    func read(_ index: Int) -> String { index < step.reads.count ? step.reads[index] : "" }
    guard constant(read(0)) == nil, facts[read(0)]?.type == .float,
      let weights = weights(read(1), scale: read(2), zero: read(3), bias: read(4))
    else { return nil }
    return LinearMatch(steps: [place], input: read(0), output: step.writes[0], weights: weights)
  }

  /// What was quantized as a whole, by its bytes.
  private func source(_ bytes: String, zero: String) -> (input: String, scale: String)? {
    guard let step = producer(of: bytes, "DynamicQuantizeLinear"), step.writes.count == 3,
      step.writes[0] == bytes, step.writes[2] == zero, facts[step.reads[0]]?.type == .float
    else { return nil }
    return (step.reads[0], step.writes[1])
  }

  /// Constant bytes [inputs × outputs] with scales and zero points.
  private func weights(
    _ name: String, scale: String, zero: String, bias: String = ""
  ) -> LinearWeights? {
    guard let tensor = constant(name), tensor.rank == 2, tensor.count > 0,
      tensor.elementType == .int8 || tensor.elementType == .uint8, let scales = constant(scale),
      scales.elementType == .float
    else { return nil }
    let (inputs, outputs) = (tensor.shape[0], tensor.shape[1])
    guard let scales = Self.each(outputs, scales.values(Float.self).array),
      scales.allSatisfy(\.isFinite)
    else { return nil }
    var zeros = [Int](repeating: 0, count: outputs)
    if !zero.isEmpty {
      guard let given = try? constant(zero)?.ints(), let all = Self.each(outputs, given) else {
        return nil
      }
      zeros = all
    }
    var added: [Float] = []
    if !bias.isEmpty {
      guard let given = self.bias(bias, outputs, rank: nil) else { return nil }
      added = given
    }
    let bytes = Self.signed(tensor, &zeros)
    return LinearWeights(
      values: .bytes(bytes, scales: scales, zeros: zeros.contains { $0 != 0 } ? zeros : []),
      inputs: inputs, outputs: outputs, isTurned: true, bias: added)
  }

  private static func each<Value>(_ count: Int, _ values: [Value]) -> [Value]? {
    values.count == 1
      ? Array(repeating: values[0], count: count) : values.count == count ? values : nil
  }

  /// As signed bytes. Zero points go into them where all of an output's then fit.
  private static func signed(_ tensor: GraphTensor, _ zeros: inout [Int]) -> [Int8] {
    let (inputs, outputs) = (tensor.shape[0], tensor.shape[1])
    let isSigned = tensor.elementType == .int8
    let bytes = tensor.values(UInt8.self)
    let middle = isSigned ? 0 : 128
    func value(_ place: Int) -> Int {
      isSigned ? Int(Int8(bitPattern: bytes[place])) : Int(bytes[place])
    }
    var (low, high) = (
      [Int](repeating: 255, count: outputs), [Int](repeating: -128, count: outputs)
    )
    for place in 0..<inputs * outputs {
      let (output, value) = (place % outputs, value(place))
      low[output] = min(low[output], value)
      high[output] = max(high[output], value)
    }
    let shifts = (0..<outputs).map { output in
      low[output] - zeros[output] >= -128 && high[output] - zeros[output] <= 127
        ? zeros[output] : middle
    }
    for output in 0..<outputs { zeros[output] -= shifts[output] }
    return (0..<inputs * outputs).map { Int8(truncatingIfNeeded: value($0) - shifts[$0 % outputs]) }
  }
}
