internal import Compute
internal import Models

/// Products with constant weights, each with its bias, what is added to it and its activation, as
/// one. fp32 stays fp32, unless it is to be quantized; weights that are bytes stay those bytes.
struct LinearFusion: GraphFusion {
  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    for index in sketch.steps.indices {
      guard let step = sketch.steps[index], let name = step.writes.first,
        var found = sketch.linear(of: name)
      else { continue }
      // Its bias, if it has one, stands behind it.
      if let reader = sketch.onlyReader(of: name), let next = sketch.steps[reader]?.writes.first,
        let longer = sketch.linear(of: next), longer.steps.count > found.steps.count,
        longer.input == found.input
      {
        found = longer
      }
      fuse(found, &sketch, options)
    }
  }

  private static func fuse(
    _ found: LinearMatch, _ sketch: inout GraphSketch, _ options: FusionOptions
  ) {
    var (steps, output, other) = (found.steps, found.output, String?.none)
    if let reader = sketch.onlyReader(of: output), let sum = sketch.steps[reader],
      sum.node.domain.isEmpty, sum.node.operation == "Add", sum.reads.count == 2,
      let rest = sketch.pairs(sum).first(where: { $0.0 == output })?.1, rest != output,
      sketch.constant(rest) == nil, sketch.facts[rest]?.type == .float
    {
      steps.append(reader)
      (output, other) = (sum.writes[0], rest)
    }
    var activation: Linear.Activation?
    if let reader = sketch.onlyReader(of: output), let next = sketch.steps[reader],
      let applied = sketch.activation(next), next.reads[0] == output
    {
      steps.append(reader)
      (output, activation) = (next.writes[0], applied)
    }
    // What cannot be packed (an infinite weight, too many inputs) is computed as it is.
    guard let last = steps.max().flatMap({ sketch.steps[$0] }),
      let matrix = try? LinearWeights.pack(
        [found.weights], isQuantized: options.quantization == .dynamic, in: options.arena)
    else { return }
    let operation = Linear(
      processor: options.processor, matrix: matrix,
      corrections: found.weights.corrections, adds: other != nil, activation: activation)
    let reads = [found.input] + (other.map { [$0] } ?? [])
    sketch.replace(steps, by: last.fused("Linear", operation, reads: reads, writes: [output]))
  }
}
