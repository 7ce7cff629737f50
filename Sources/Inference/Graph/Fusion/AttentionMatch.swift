internal import Models

/// Attention as a graph spells it out, from its last step back to the three parts.
///
///     Transpose(MatMul(Softmax(MatMul(Q, K) · scale + mask), V))
///
/// with Q and V turned to [batch, heads, length, size] and K to [batch, heads, size, length].
struct AttentionMatch {
  /// Names of [batch, length, heads, size].
  var query = ""
  var key = ""
  var value = ""
  var scale: Float = 1
  var mask = FusedAttention.Mask.none
  var maskName: String?
  var steps: [Int]

  init?(_ last: GraphSketch.Step, _ index: Int, _ sketch: GraphSketch) {
    steps = [index]
    guard Self.order(last) == [0, 2, 1, 3], let product = take(last.reads[0], "MatMul", sketch),
      let softmax = take(product.reads[0], "Softmax", sketch), Self.isOverLast(softmax, sketch),
      let value = turned(product.reads[1], [0, 2, 1, 3], sketch),
      let scores = scores(softmax.reads[0], sketch),
      let query = operand(scores.reads[0], [0, 2, 1, 3], sketch),
      let key = operand(scores.reads[1], [0, 2, 3, 1], sketch)
    else { return nil }
    (self.query, self.key, self.value) = (query, key, value)
    let parts = [query, key, value].map { sketch.facts[$0] }
    guard parts.allSatisfy({ $0?.type == .float && $0?.shape?.count == 4 }), scale.isFinite,
      sketch.isClosed(steps, but: last.writes[0])
    else { return nil }
  }

  /// Whether keys and values have the length, the heads and the sizes of the queries, as the kernel
  /// wants them.
  func hasOneShape(_ sketch: GraphSketch) -> Bool {
    guard let shape = sketch.facts[query]?.shape, !shape.contains(.unknown) else { return false }
    return sketch.facts[key]?.shape == shape && sketch.facts[value]?.shape == shape
  }

  /// The step of this operator that computes a value.
  private mutating func take(
    _ name: String, _ operation: String, _ sketch: GraphSketch
  ) -> GraphSketch.Step? {
    guard let place = sketch.producer(of: name), let step = sketch.producer(of: name, operation)
    else { return nil }
    steps.append(place)
    return step
  }

  private static func order(_ step: GraphSketch.Step) -> [Int]? {
    guard step.node.domain.isEmpty else { return nil }
    return (step.operation as? Transpose)?.order
  }

  private static func isOverLast(_ step: GraphSketch.Step, _ sketch: GraphSketch) -> Bool {
    guard let softmax = step.operation as? Softmax, softmax.kind == .plain else { return false }
    return softmax.axis == -1 || softmax.axis == 3
  }

  /// Back over the mask and the scale to the product of queries and keys.
  private mutating func scores(_ name: String, _ sketch: GraphSketch) -> GraphSketch.Step? {
    var (name, isScaled) = (name, false)
    for _ in 0..<4 {
      if let product = take(name, "MatMul", sketch) { return product }
      guard let place = sketch.producer(of: name), let step = sketch.steps[place],
        step.node.domain.isEmpty
      else { return nil }
      steps.append(place)
      if let (inner, factor) = sketch.scaled(step) {
        (name, isScaled, scale) = (inner, true, scale * factor)
        continue
      }
      // What is masked before it is scaled has another mask.
      guard mask == .none, !isScaled, let inner = masked(step, sketch) else { return nil }
      name = inner
    }
    return nil
  }

  private mutating func masked(_ step: GraphSketch.Step, _ sketch: GraphSketch) -> String? {
    switch step.node.operation {
    case "Add":
      for (inner, other) in sketch.pairs(step)
      where Self.leadsToProduct(inner, sketch) && sketch.facts[other]?.type == .float {
        (mask, maskName) = (.added, other)
        return inner
      }
      return nil
    case "Where":
      for (inner, other, hides) in [(2, 1, true), (1, 2, false)] {
        guard let low = sketch.scalar(step.reads[other]), low < -1e30,
          Self.leadsToProduct(step.reads[inner], sketch)
        else { continue }
        mask = .chosen(hides: hides, low: low)
        maskName = unstretched(step.reads[0], step.reads[inner], sketch)
        return step.reads[inner]
      }
      return nil
    default: return nil
    }
  }

  /// A condition before it was stretched to the shape of the scores, which happens by itself.
  private mutating func unstretched(
    _ name: String, _ scores: String, _ sketch: GraphSketch
  ) -> String {
    guard let place = sketch.producer(of: name), sketch.onlyReader(of: name) == steps.last,
      let expand = sketch.producer(of: name, "Expand"),
      let measuring = sketch.producer(of: expand.reads[1]),
      sketch.onlyReader(of: expand.reads[1]) == place,
      let shape = sketch.producer(of: expand.reads[1], "Shape"), shape.node.attributes.isEmpty,
      shape.reads[0] == scores
    else { return name }
    steps += [place, measuring]
    return expand.reads[0]
  }

  private static func leadsToProduct(_ name: String, _ sketch: GraphSketch) -> Bool {
    if sketch.producer(of: name, "MatMul") != nil { return true }
    guard let place = sketch.producer(of: name), let step = sketch.steps[place],
      let (inner, _) = sketch.scaled(step)
    else { return false }
    return sketch.producer(of: inner, "MatMul") != nil
  }

  /// A side of the scores: turned, and perhaps scaled before or after.
  private mutating func operand(
    _ name: String, _ order: [Int], _ sketch: GraphSketch
  ) -> String? {
    var name = unscaled(name, sketch)
    guard let inner = turned(name, order, sketch) else { return nil }
    name = unscaled(inner, sketch)
    return name
  }

  private mutating func unscaled(_ name: String, _ sketch: GraphSketch) -> String {
    guard let place = sketch.producer(of: name), let step = sketch.steps[place],
      let (inner, factor) = sketch.scaled(step), sketch.facts[inner]?.shape?.count == 4
    else { return name }
    steps.append(place)
    scale *= factor
    return inner
  }

  /// What a value was before it was turned so, in one step or two.
  private mutating func turned(
    _ name: String, _ order: [Int], _ sketch: GraphSketch
  ) -> String? {
    guard let step = take(name, "Transpose", sketch), let own = Self.order(step) else { return nil }
    if own == order { return step.reads[0] }
    guard own == [0, 1, 3, 2], order == [0, 2, 3, 1] else { return nil }
    let inner = unscaled(step.reads[0], sketch)
    guard let first = take(inner, "Transpose", sketch), Self.order(first) == [0, 2, 1, 3] else {
      return nil
    }
    return first.reads[0]
  }
}
