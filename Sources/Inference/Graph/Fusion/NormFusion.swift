internal import Compute
internal import Models

/// Layer normalization: the operator with constant scale and bias, and what older exporters write
/// in its place:
///
///     d = x − mean(x);  d / √(mean(d²) + ε) · scale + bias
struct NormFusion: GraphFusion {
  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    for index in sketch.steps.indices {
      guard let step = sketch.steps[index], step.node.domain.isEmpty else { continue }
      switch step.node.operation {
      case "LayerNormalization": single(step, index, &sketch, options)
      case "Add": spelledOut(step, index, &sketch, options)
      default: break
      }
    }
  }

  private static func single(
    _ step: GraphSketch.Step, _ index: Int, _ sketch: inout GraphSketch, _ options: FusionOptions
  ) {
    guard let norm = step.operation as? LayerNormalization, norm.takesMean,
      step.writes.dropFirst().allSatisfy({ $0.isEmpty || isUnread($0, sketch) }),
      let rank = sketch.facts[step.reads[0]]?.shape?.count,
      (try? Axes.normalized(norm.axis, rank: rank)) == rank - 1,
      let scale = row(step.reads[1], of: step.reads[0], sketch)
    else { return }
    var bias = [Float](repeating: 0, count: scale.count)
    if step.reads.count > 2, !step.reads[2].isEmpty {
      guard let given = row(step.reads[2], of: step.reads[0], sketch) else { return }
      bias = given
    }
    let operation = RowNorm(
      processor: options.processor, scale: scale, bias: bias, epsilon: norm.epsilon)
    sketch.replace(
      [index],
      by: step.fused("Norm", operation, reads: [step.reads[0]], writes: [step.writes[0]]))
  }

  private static func isUnread(_ name: String, _ sketch: GraphSketch) -> Bool {
    !sketch.isOutput(name) && sketch.readers(of: name).isEmpty
  }

  /// A constant with a float for each place of the last dimension of x.
  private static func row(_ name: String, of x: String, _ sketch: GraphSketch) -> [Float]? {
    guard let width = sketch.size(x, fromLast: 0), width > 0, let tensor = sketch.constant(name),
      tensor.shape == [width], sketch.facts[x]?.type == .float
    else { return nil }
    return sketch.floats(name)
  }

  private static func spelledOut(
    _ last: GraphSketch.Step, _ index: Int, _ sketch: inout GraphSketch, _ options: FusionOptions
  ) {
    for (scaled, bias) in sketch.pairs(last) {
      guard let scaling = sketch.producer(of: scaled),
        let product = sketch.producer(of: scaled, "Mul")
      else { continue }
      for (normal, scale) in sketch.pairs(product) {
        guard let found = centred(normal, sketch), let scale = row(scale, of: found.x, sketch),
          let bias = row(bias, of: found.x, sketch)
        else { continue }
        let steps = found.steps + [scaling, index]
        guard sketch.isClosed(steps, but: last.writes[0]) else { continue }
        let operation = RowNorm(
          processor: options.processor, scale: scale, bias: bias, epsilon: found.epsilon)
        return sketch.replace(
          steps, by: last.fused("Norm", operation, reads: [found.x], writes: last.writes))
      }
    }
  }

  /// (x − mean) / √(variance + ε)
  private static func centred(
    _ name: String, _ sketch: GraphSketch
  ) -> (x: String, epsilon: Float, steps: [Int])? {
    guard let place = sketch.producer(of: name), let quotient = sketch.producer(of: name, "Div"),
      let (x, distance) = distance(quotient.reads[0], sketch),
      let root = sketch.producer(of: quotient.reads[1]),
      let sqrt = sketch.producer(of: quotient.reads[1], "Sqrt"),
      let adding = sketch.producer(of: sqrt.reads[0]),
      let sum = sketch.producer(of: sqrt.reads[0], "Add")
    else { return nil }
    for (variance, epsilon) in sketch.pairs(sum) {
      guard let epsilon = sketch.scalar(epsilon), epsilon >= 0,
        let averaging = mean(variance, sketch), let mean = sketch.steps[averaging],
        let squaring = sketch.producer(of: mean.reads[0]),
        let base = squared(mean.reads[0], sketch), let (same, again) = self.distance(base, sketch),
        same == x
      else { continue }
      let steps = Set(distance + again + [place, root, adding, averaging, squaring])
      return (x, epsilon, Array(steps))
    }
    return nil
  }

  /// x − mean(x), and the steps of that.
  private static func distance(_ name: String, _ sketch: GraphSketch) -> (x: String, [Int])? {
    guard let place = sketch.producer(of: name), let difference = sketch.producer(of: name, "Sub"),
      let averaging = mean(difference.reads[1], sketch),
      sketch.steps[averaging]?.reads[0] == difference.reads[0]
    else { return nil }
    return (difference.reads[0], [place, averaging])
  }

  private static func squared(_ name: String, _ sketch: GraphSketch) -> String? {
    if let power = sketch.producer(of: name, "Pow") {
      return sketch.scalar(power.reads[1]) == 2 ? power.reads[0] : nil
    }
    guard let product = sketch.producer(of: name, "Mul"), product.reads[0] == product.reads[1]
    else { return nil }
    return product.reads[0]
  }

  /// The step of a mean over the last dimension, which stays as one of size 1.
  private static func mean(_ name: String, _ sketch: GraphSketch) -> Int? {
    guard let place = sketch.producer(of: name),
      let step = sketch.producer(of: name, "ReduceMean"),
      let reduce = step.operation as? Reduce, reduce.keepsDimensions,
      let rank = sketch.facts[step.reads[0]]?.shape?.count
    else { return nil }
    let given = step.reads.count > 1 ? try? sketch.constant(step.reads[1])?.ints() : nil
    guard let axes = reduce.axes ?? given, axes.count == 1,
      (try? Axes.normalized(axes[0], rank: rank)) == rank - 1
    else { return nil }
    return place
  }
}
