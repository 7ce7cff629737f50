internal import Compute
internal import Models

/// Drafts become steps, and where bytes meet floats a step is put between.
extension QuantizedNetwork {
  mutating func build() {
    before = sketch
    users = Dictionary(uniqueKeysWithValues: scales.keys.map { ($0, users(of: $0)) })
    // A convolution that has become part of the sum behind it is no step of its own.
    let places = drafts.values.flatMap(\.steps)
    let counts = Dictionary(places.map { ($0, 1) }, uniquingKeysWith: +)
    var bytes = Set<String>()
    for (name, draft) in drafts.sorted(by: { $0.key < $1.key }) {
      guard let last = draft.steps.max(), let step = sketch.steps[last],
        step.writes[0] == name, counts[last] == 1
      else { continue }
      let operation: any GraphOperator
      switch draft.kind {
      case .ready(let made): operation = made
      case .convolution(let convolution):
        // What kernels do not take is computed in floats, as the graph has it.
        guard let made = try? build(convolution, draft) else { continue }
        operation = made
      }
      bytes.formUnion(draft.reads + [name])
      sketch.replace(
        draft.steps,
        by: GraphSketch.Step(
          node: step.node, operation: operation, reads: draft.reads, writes: [name]))
    }
    for name in bytes.sorted() { convert(name) }
  }

  private mutating func convert(_ name: String) {
    guard let scale = scales[name], let producer = sketch.producer(of: name),
      var step = sketch.steps[producer]
    else { return }
    if step.operation is QuantizeLinear {
      step.operation = QuantizeImages(
        processor: options.processor, scale: scale, border: borders[name])
      step.reads = [step.reads[0]]
      sketch.replace([producer], by: step)
    }
    for reader in sketch.readers(of: name) {
      guard var step = sketch.steps[reader], step.operation is DequantizeLinear else { continue }
      step.operation = DequantizeImages(
        processor: options.processor, scale: scale, rank: sketch.facts[name]?.shape?.count ?? 4)
      step.reads = [name]
      sketch.replace([reader], by: step)
    }
  }

  private mutating func build(
    _ draft: ConvolutionDraft, _ whole: ByteDraft
  ) throws -> ByteConvolution {
    let input = whole.reads[0]
    guard let scale = scales[input] else { throw GraphError("\(input) is no value of bytes") }
    let plan = try joinedPlan(of: input, for: draft, whole.steps)
    let joinsRows = plan?.joinsRows ?? false
    let packer = ConvolutionPacker(
      draft: draft, inputScale: scale, target: whole.target, options: options)
    let sum = draft.sum.map { sum in
      ByteConvolution.Sum(
        kept: whole.target.scale.scale / sum.target.scale.scale,
        added: (scales[sum.other]?.scale ?? 0) / sum.target.scale.scale, target: sum.target)
    }
    let weights = try packer.pack(joinsRows: joinsRows)
    borders[input] = plan?.border
    return ByteConvolution(
      processor: options.processor,
      windows: WindowPlans(draft.rule, kernel: draft.kernel, joinsRows: joinsRows),
      weights: weights, zero: whole.target.scale.zero, sum: sum)
  }

  private func users(of name: String) -> Set<Int> {
    Set(
      before.readers(of: name).flatMap { index -> [Int] in
        guard let step = before.steps[index], !before.isOutput(step.writes[0]) else { return [-1] }
        return before.readers(of: step.writes[0])
      })
  }

  /// Images of few channels that this convolution alone reads, and whose size is known, get its
  /// padding around them: rows of the kernel are read in one run then.
  private func joinedPlan(
    of input: String, for draft: ConvolutionDraft, _ steps: [Int]
  ) throws -> ConvolutionPlan? {
    guard draft.groups == 1, let producer = sketch.producer(of: input),
      sketch.steps[producer]?.operation is QuantizeLinear, drafts[input] == nil,
      let shape = sketch.facts[input]?.shape?.dropFirst(),
      let sizes = Array(shape).fixed, sizes.count == 3, let users = users[input],
      users.count <= steps.count, users.isSubset(of: steps)
    else { return nil }
    let windows = try draft.rule.shape(
      height: sizes[1], width: sizes[2], channels: sizes[0], kernel: draft.kernel)
    return try ConvolutionPlan.best(for: windows)
  }
}
