internal import Models

/// Operators on quantized tensors become what they stand for, DequantizeLinear, the operator itself
/// and QuantizeLinear (ONNX Runtime's QOperator form becomes its QDQ form), so that there is one
/// way from there on.
struct QuantizedForms: GraphFusion {
  private var facts: [String: GraphFact]
  private let sketch: GraphSketch
  /// Names of scale and zero point of values of bytes.
  private var grids: [String: (scale: String, zero: String)] = [:]
  private var steps: [GraphSketch.Step] = []
  private var count = 0

  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    let hasForms = sketch.steps.contains { step in
      step.map { $0.node.operation.hasPrefix("QLinear") || $0.node.operation == "QGemm" } ?? false
    }
    guard hasForms else { return }
    var work = QuantizedForms(facts: sketch.facts, sketch: sketch)
    for case let step? in sketch.steps { try work.take(step) }
    sketch = GraphSketch(
      steps: work.steps, facts: work.facts, outputs: Array(sketch.outputs), sketch.folding)
  }

  private init(facts: [String: GraphFact], sketch: GraphSketch) {
    self.facts = facts
    self.sketch = sketch
  }

  private mutating func take(_ step: GraphSketch.Step) throws {
    let isTaken: Bool
    switch step.operation {
    case let operation as QLinearConv: isTaken = try take(operation, step)
    case is QLinearMatMul:
      let isMatrix = [0, 3].allSatisfy { facts[step.reads[$0]]?.shape?.count == 2 }
      isTaken =
        try isMatrix
        && take(MatMul(), "MatMul", step, operands: [0, 3], axes: [0, 1], target: 6)
    case let operation as QuantizedElements:
      let name = String(step.node.operation.dropFirst("QLinear".count))
      let operands = (0..<operation.operands).map { 3 * $0 }
      isTaken = try take(
        operation.operation, name, step, operands: operands, axes: operands.map { _ in 0 },
        target: 3 * operation.operands)
    case let operation as QuantizedConcat:
      let operands = Array(stride(from: 2, to: step.reads.count, by: 3))
      isTaken = try take(
        Concat(axis: operation.axis), "Concat", step, operands: operands,
        axes: operands.map { _ in 0 }, target: 0)
    case let operation as QuantizedGemm: isTaken = try take(operation, step)
    case is Pool, is Flatten, is Reshape: isTaken = try takeMoving(step)
    default: isTaken = false
    }
    if isTaken { return }
    if step.operation is QuantizeLinear { remember(step) }
    try append(step)
  }

  private mutating func take(_ operation: QLinearConv, _ step: GraphSketch.Step) throws -> Bool {
    guard let bias = try bias(step, 8, scales: (1, 4)) else { return false }
    let x = try dequantized(step, 0, axis: 1)
    let w = try dequantized(step, 3, axis: 0)
    let y = try added(
      Conv(rule: operation.rule, groups: operation.groups), "Conv", step, [x, w] + bias)
    try quantize(y, step, 6)
    return true
  }

  private mutating func take(_ operation: QuantizedGemm, _ step: GraphSketch.Step) throws -> Bool {
    guard operation.alpha == 1, step.reads.count > 7, !step.reads[7].isEmpty,
      let bias = try bias(step, 6, scales: (1, 4))
    else { return false }
    let a = try dequantized(step, 0, axis: 1)
    let b = try dequantized(step, 3, axis: operation.turnsB ? 0 : 1)
    let gemm = Gemm(alpha: 1, beta: 1, turnsA: operation.turnsA, turnsB: operation.turnsB)
    try quantize(try added(gemm, "Gemm", step, [a, b] + bias), step, 7)
    return true
  }

  private mutating func take(
    _ operation: any GraphOperator, _ name: String, _ step: GraphSketch.Step, operands: [Int],
    axes: [Int], target: Int
  ) throws -> Bool {
    var reads: [String] = []
    for (operand, axis) in zip(operands, axes) {
      reads.append(try dequantized(step, operand, axis: axis))
    }
    try quantize(try added(operation, name, step, reads), step, target)
    return true
  }

  /// What only moves or chooses bytes keeps their scale.
  private mutating func takeMoving(_ step: GraphSketch.Step) throws -> Bool {
    guard let grid = grids[step.reads[0]], step.writes.dropFirst().allSatisfy(\.isEmpty) else {
      return false
    }
    let x = try added(
      DequantizeLinear(axis: 1, block: 0), "DequantizeLinear", step,
      [step.reads[0], grid.scale, grid.zero])
    let y = try added(
      step.operation, step.node.operation, step, [x] + step.reads.dropFirst())
    try quantize(y, step, scale: grid.scale, zero: grid.zero)
    return true
  }

  private mutating func dequantized(
    _ step: GraphSketch.Step, _ index: Int, axis: Int
  ) throws -> String {
    try added(
      DequantizeLinear(axis: axis, block: 0), "DequantizeLinear", step,
      (index..<index + 3).map { $0 < step.reads.count ? step.reads[$0] : "" })
  }

  /// The bias, which is in steps of the product; nothing where there is none, nil where the steps
  /// are not known.
  private mutating func bias(
    _ step: GraphSketch.Step, _ index: Int, scales: (Int, Int)
  ) throws -> [String]? {
    guard index < step.reads.count, !step.reads[index].isEmpty else { return [] }
    guard let a = sketch.scalar(step.reads[scales.0]),
      let b = sketch.constant(step.reads[scales.1]), b.elementType == .float
    else { return nil }
    let units = try sketch.context.floats(b.shape, b.values(Float.self).array.map { $0 * a })
    let name = newName()
    facts[name] = GraphFact(constant: .tensor(units))
    return [
      try added(
        DequantizeLinear(axis: 0, block: 0), "DequantizeLinear", step,
        [step.reads[index], name, ""])
    ]
  }

  private mutating func quantize(
    _ value: String, _ step: GraphSketch.Step, _ target: Int
  ) throws {
    let zero = target + 1 < step.reads.count ? step.reads[target + 1] : ""
    try quantize(value, step, scale: step.reads[target], zero: zero)
  }

  private mutating func quantize(
    _ value: String, _ step: GraphSketch.Step, scale: String, zero: String
  ) throws {
    let type = facts[zero]?.type ?? facts[step.reads[0]]?.type ?? .uint8
    let quantize = GraphSketch.Step(
      node: step.node,
      operation: QuantizeLinear(axis: 1, block: 0, type: type, saturates: true),
      reads: [value, scale, zero], writes: [step.writes[0]])
    remember(quantize)
    try append(quantize)
  }

  private mutating func remember(_ step: GraphSketch.Step) {
    grids[step.writes[0]] = (step.reads[1], step.reads.count > 2 ? step.reads[2] : "")
  }

  /// One more step, named after the one that it is a part of; gives the name of what it computes.
  private mutating func added(
    _ operation: any GraphOperator, _ name: String, _ step: GraphSketch.Step, _ reads: [String]
  ) throws -> String {
    let value = newName()
    let node = ONNXNode(
      name: step.node.label, operation: name, version: 17, inputs: reads, outputs: [value],
      attributes: step.node.attributes)
    try append(
      GraphSketch.Step(node: node, operation: operation, reads: reads, writes: [value]))
    return value
  }

  /// No value of the graph has it.
  private mutating func newName() -> String {
    repeat { count += 1 } while facts["\(count)·"] != nil
    return "\(count)·"
  }

  /// Shapes are inferred anew: these operators say less of theirs than what they stand for.
  private mutating func append(_ step: GraphSketch.Step) throws {
    steps.append(step)
    let inferred = try step.operation.infer(
      GraphFacts(
        step.reads.map { $0.isEmpty ? nil : facts[$0] ?? GraphFact() }, sketch.context))
    for (index, name) in step.writes.enumerated() where !name.isEmpty {
      let known = index < inferred.count ? inferred[index] : GraphFact()
      if facts[name]?.constant == nil, known.shape != nil || facts[name] == nil {
        facts[name] = known
      }
    }
  }
}
