internal import Compute
internal import Models

/// Attention as one operator, and the products of its queries, keys and values as one where they
/// read the same rows.
struct AttentionFusion: GraphFusion {
  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    for index in sketch.steps.indices {
      guard let step = sketch.steps[index], step.operation is Transpose,
        let found = AttentionMatch(step, index, sketch)
      else { continue }
      let mask = found.maskName.map { [$0] } ?? []
      if let joined = join(found, &sketch, options) {
        let operation = FusedAttention(
          processor: options.processor, source: .joined(heads: joined.heads), mask: found.mask,
          scale: found.scale)
        sketch.replace(
          found.steps + joined.steps,
          by: step.fused(
            "Attention", operation, reads: joined.reads + mask, writes: step.writes))
      } else if found.hasOneShape(sketch) {
        let operation = FusedAttention(
          processor: options.processor, source: .apart, mask: found.mask, scale: found.scale)
        sketch.replace(
          found.steps,
          by: step.fused(
            "Attention", operation, reads: [found.query, found.key, found.value] + mask,
            writes: step.writes))
      }
    }
  }

  private struct Joined {
    let heads: Int
    /// The product and the three shapes.
    let reads: [String]
    /// The reshaping of the three parts.
    let steps: [Int]
  }

  /// Makes the three products one.
  private static func join(
    _ found: AttentionMatch, _ sketch: inout GraphSketch, _ options: FusionOptions
  ) -> Joined? {
    var (layers, shapes, reshapes): ([LinearMatch], [String], [Int]) = ([], [], [])
    for name in [found.query, found.key, found.value] {
      guard let place = sketch.producer(of: name), sketch.onlyReader(of: name) != nil,
        let reshape = sketch.producer(of: name, "Reshape"),
        let operation = reshape.operation as? Reshape, !operation.allowsZero,
        sketch.onlyReader(of: reshape.reads[0]) == place,
        let layer = sketch.linear(of: reshape.reads[0]),
        sketch.facts[layer.input]?.shape?.count == 3
      else { return nil }
      layers.append(layer)
      shapes.append(reshape.reads[1])
      reshapes.append(place)
    }
    let first = layers[0].weights
    guard let (heads, size) = sketch.lastTwo(shapes[0]), heads > 0, heads * size == first.outputs,
      shapes.allSatisfy({ sketch.lastTwo($0).map { $0 == (heads, size) } ?? false }),
      layers.allSatisfy({
        $0.input == layers[0].input && $0.weights.outputs == first.outputs
          && $0.weights.inputs == first.inputs && $0.weights.isBytes == first.isBytes
      })
    else { return nil }
    let steps = layers.flatMap(\.steps)
    let weights = layers.map(\.weights)
    guard let last = steps.max().flatMap({ sketch.steps[$0] }),
      let matrix = try? LinearWeights.pack(
        weights, isQuantized: options.quantization == .dynamic, in: options.arena)
    else { return nil }
    let corrections = weights.map(\.corrections)
    let isCorrected = corrections.contains { !$0.isEmpty }
    let operation = Linear(
      processor: options.processor, matrix: matrix,
      corrections: isCorrected
        ? corrections.flatMap { $0.isEmpty ? Array(repeating: 0, count: first.outputs) : $0 } : [],
      adds: false, activation: nil)
    var output = layers[0].output + " with key and value"
    while sketch.facts[output] != nil { output += "'" }
    sketch.replace(
      steps, by: last.fused("Linear", operation, reads: [layers[0].input], writes: [output]))
    return Joined(heads: heads, reads: [output] + shapes, steps: reshapes)
  }
}

extension GraphSketch {
  /// The last two of the four sizes that a shape gives, where they are constant.
  fileprivate func lastTwo(_ name: String) -> (Int, Int)? {
    if let tensor = constant(name), let sizes = try? tensor.ints() {
      return sizes.count == 4 && sizes[2] > 0 && sizes[3] > 0 ? (sizes[2], sizes[3]) : nil
    }
    guard let concat = producer(of: name, "Concat"), concat.reads.count == 4 else { return nil }
    let sizes = concat.reads.suffix(2).map { name -> Int? in
      guard let tensor = constant(name), tensor.count == 1 else { return nil }
      return (try? tensor.ints())?.first
    }
    guard let heads = sizes[0], let size = sizes[1], heads > 0, size > 0 else { return nil }
    return (heads, size)
  }
}
