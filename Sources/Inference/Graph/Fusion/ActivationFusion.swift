internal import Compute
internal import Models

/// GELU, which exporters spell out in five nodes or more, as one; and the nodes that are one
/// already, by a faster formula.
struct ActivationFusion: GraphFusion {
  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    for index in sketch.steps.indices {
      guard let step = sketch.steps[index] else { continue }
      if let function = Self.single(step), sketch.facts[step.reads[0]]?.type == .float {
        replace([index], with: function, of: step.reads[0], step, &sketch, options)
        continue
      }
      guard let found = Match(sketch).gelu(step, index),
        sketch.facts[found.input]?.type == .float,
        sketch.isClosed(found.steps, but: step.writes[0])
      else { continue }
      replace(found.steps, with: found.function, of: found.input, step, &sketch, options)
    }
  }

  private static func replace(
    _ steps: [Int], with function: Processor.Activation, of input: String,
    _ last: GraphSketch.Step, _ sketch: inout GraphSketch, _ options: FusionOptions
  ) {
    let operation = RowActivation(processor: options.processor, function: function)
    sketch.replace(
      steps, by: last.fused("Activation", operation, reads: [input], writes: last.writes))
  }

  private static func single(_ step: GraphSketch.Step) -> Processor.Activation? {
    switch (step.node.domain, step.node.operation) {
    case ("", "Gelu"):
      (try? step.node.text("approximate", default: "none")) == "tanh" ? .geluTanh : .gelu
    case ("com.microsoft", "Gelu"): .gelu
    // Its bias, if any, is another input.
    case ("com.microsoft", "FastGelu"): step.reads.count == 1 ? .geluTanh : nil
    default: nil
    }
  }
}

private struct Found {
  var input: String
  var function: Processor.Activation
  var steps: [Int]
}

/// Looks for x/2 · (1 + erf(x / √2)), or with tanh, in the orders in which it is written.
private struct Match {
  let sketch: GraphSketch

  init(_ sketch: GraphSketch) { self.sketch = sketch }

  func gelu(_ last: GraphSketch.Step, _ index: Int) -> Found? {
    guard last.node.domain.isEmpty, last.node.operation == "Mul" else { return nil }
    if let (name, half) = sketch.scaled(last), half == 0.5,
      let place = sketch.producer(of: name), let product = sketch.producer(of: name, "Mul")
    {
      // (x · (1 + …)) · ½
      for (x, share) in sketch.pairs(product) {
        if let found = self.share(share), found.input == x {
          return Found(
            input: x, function: found.function, steps: found.steps + [place, index])
        }
      }
    }
    for (one, other) in sketch.pairs(last) {
      guard let place = sketch.producer(of: one), let step = sketch.steps[place],
        let (name, half) = sketch.scaled(step), half == 0.5
      else { continue }
      // (x · ½) · (1 + …)
      if let found = share(other), found.input == name {
        return Found(input: name, function: found.function, steps: found.steps + [place, index])
      }
      // x · ((1 + …) · ½)
      if let found = share(name), found.input == other {
        return Found(input: other, function: found.function, steps: found.steps + [place, index])
      }
    }
    return nil
  }

  /// 1 + erf(x / √2) or 1 + tanh(…)
  private func share(_ name: String) -> Found? {
    guard let place = sketch.producer(of: name), let sum = sketch.producer(of: name, "Add") else {
      return nil
    }
    for (inner, one) in sketch.pairs(sum) where sketch.scalar(one) == 1 {
      guard let at = sketch.producer(of: inner) else { continue }
      if let erf = sketch.producer(of: inner, "Erf"),
        let scaling = sketch.producer(of: erf.reads[0]),
        let step = sketch.steps[scaling], let (x, factor) = sketch.scaled(step),
        abs(factor - 0.707_106_77) < 1e-5
      {
        return Found(input: x, function: .gelu, steps: [place, at, scaling])
      }
      if let tanh = sketch.producer(of: inner, "Tanh"), var found = cubic(tanh.reads[0]) {
        found.steps += [place, at]
        return found
      }
    }
    return nil
  }

  /// √(2/π) · (x + 0.044715 · x³)
  private func cubic(_ name: String) -> Found? {
    guard let scaling = sketch.producer(of: name), let step = sketch.steps[scaling],
      let (inner, factor) = sketch.scaled(step), abs(factor - 0.797_884_56) < 1e-4,
      let place = sketch.producer(of: inner), let sum = sketch.producer(of: inner, "Add")
    else { return nil }
    for (x, term) in sketch.pairs(sum) {
      guard let at = sketch.producer(of: term), let product = sketch.steps[at],
        let (cube, weight) = sketch.scaled(product), abs(weight - 0.044_715) < 1e-5,
        let steps = self.cube(cube, of: x)
      else { continue }
      return Found(input: x, function: .geluTanh, steps: steps + [scaling, place, at])
    }
    return nil
  }

  private func cube(_ name: String, of x: String) -> [Int]? {
    guard let place = sketch.producer(of: name) else { return nil }
    if let power = sketch.producer(of: name, "Pow") {
      return power.reads[0] == x && sketch.scalar(power.reads[1]) == 3 ? [place] : nil
    }
    guard let product = sketch.producer(of: name, "Mul") else { return nil }
    for (one, square) in sketch.pairs(product) where one == x {
      if let at = sketch.producer(of: square), let inner = sketch.producer(of: square, "Mul"),
        inner.reads == [x, x]
      {
        return [place, at]
      }
    }
    return nil
  }
}
