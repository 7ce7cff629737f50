internal import Compute
internal import Models

/// Pools of a quantized network, and what else moves bytes.
extension QuantizedNetwork {
  func maxPool(_ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget) -> ByteDraft? {
    guard step.writes.count == 1 || step.writes[1].isEmpty,
      let (input, scale, pool, kernel) = pooled(step), target == ByteTarget(scale: scale)
    else { return nil }
    let windows = WindowPlans(pool.rule, kernel: kernel)
    return ByteDraft(
      kind: .ready(ByteMaxPool(processor: options.processor, windows: windows)),
      reads: [input], steps: steps, target: target)
  }

  func averagePool(_ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget) -> ByteDraft? {
    guard let (input, scale, pool, kernel) = pooled(step), target.range == 0...255 else {
      return nil
    }
    let average = ByteAveragePool(
      processor: options.processor, rule: pool.rule, kernel: kernel,
      countsPadding: pool.countsPadding, from: scale, to: target.scale)
    return ByteDraft(kind: .ready(average), reads: [input], steps: steps, target: target)
  }

  private func pooled(
    _ step: GraphSketch.Step
  ) -> (input: String, scale: ByteScale, pool: Pool, kernel: (Int, Int))? {
    guard let pool = step.operation as? Pool, let kernel = pool.rule.kernel, kernel.count == 2,
      let input = bytes(step.reads[0]), let scale = scales[input]
    else { return nil }
    return (input, scale, pool, (kernel[0], kernel[1]))
  }

  func globalAverage(
    _ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget
  ) -> ByteDraft? {
    guard let input = bytes(step.reads[0]), let scale = scales[input], target.range == 0...255,
      sketch.facts[input]?.shape?.count == 4
    else { return nil }
    if let reduce = step.operation as? Reduce {
      let given = step.reads.count > 1 ? try? sketch.constant(step.reads[1])?.ints() : nil
      guard let axes = try? Axes.normalized(reduce.axes ?? given ?? [], rank: 4),
        Set(axes) == [2, 3]
      else { return nil }
    }
    let average = ByteGlobalAverage(
      processor: options.processor, from: scale, to: target.scale)
    return ByteDraft(kind: .ready(average), reads: [input], steps: steps, target: target)
  }

  func flatten(_ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget) -> ByteDraft? {
    guard let input = bytes(step.reads[0]), let scale = scales[input],
      let from = sketch.facts[step.reads[0]]?.shape,
      let to = sketch.facts[step.writes[0]]?.shape, to.count == 2, from.count == 4 || from == to,
      let values = Array(from[1...]).fixed?.product, to[1] == .fixed(values)
    else { return nil }
    let table = ByteTable(from: scale, to: target.scale, range: target.range)
    let flatten = ByteFlatten(
      processor: options.processor, table: table.isIdentity ? nil : table, zero: target.scale.zero)
    return ByteDraft(kind: .ready(flatten), reads: [input], steps: steps, target: target)
  }

  func concat(_ step: GraphSketch.Step, _ steps: [Int], _ target: ByteTarget) -> ByteDraft? {
    guard let operation = step.operation as? Concat, target.range == 0...255,
      let rank = sketch.facts[step.writes[0]]?.shape?.count,
      (try? Axes.normalized(operation.axis, rank: rank)) == 1
    else { return nil }
    var (reads, tables): ([String], [ByteTable?]) = ([], [])
    for name in step.reads {
      guard let input = bytes(name), let scale = scales[input] else { return nil }
      reads.append(input)
      tables.append(scale == target.scale ? nil : ByteTable(from: scale, to: target.scale))
    }
    let concat = ByteConcat(
      processor: options.processor, tables: tables, zero: target.scale.zero)
    return ByteDraft(kind: .ready(concat), reads: reads, steps: steps, target: target)
  }
}
