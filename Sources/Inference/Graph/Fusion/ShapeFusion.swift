internal import Models

/// Shapes that a graph computes piece by piece, as exporters write them: what of them is fixed goes
/// into the facts, what is wholly known becomes constant, and a size is read where it comes from.
///
///     Reshape(x, Concat(Gather(Shape(x), 0), …, 12, 32))     the last two sizes are 12 and 32
struct ShapeFusion: GraphFusion {
  private var sketch: GraphSketch
  /// The integers of small tensors, as far as they are known.
  private var known: [String: [Int?]] = [:]

  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    var fusion = ShapeFusion(sketch: sketch)
    for index in sketch.steps.indices { try fusion.look(index) }
    sketch = fusion.sketch
  }

  private init(sketch: GraphSketch) { self.sketch = sketch }

  private mutating func look(_ index: Int) throws {
    guard let step = sketch.steps[index], step.node.domain.isEmpty, step.writes.count == 1 else {
      return
    }
    moveToSource(step, index)
    let name = step.writes[0]
    if let values = integers(step) {
      known[name] = values
      if !values.contains(nil), sketch.facts[name]?.constant == nil { keep(values, name) }
    }
    fold(step)
    try refine(step)
  }

  /// Sizes in front of the last are the same before a product and behind it: they are asked of what
  /// is in front, so that products of the same rows can be joined.
  private mutating func moveToSource(_ step: GraphSketch.Step, _ index: Int) {
    guard step.operation is Shape, step.node.attributes.isEmpty,
      let source = sketch.linear(of: step.reads[0])?.input,
      let rank = sketch.facts[source]?.shape?.count, rank > 1,
      sketch.facts[step.reads[0]]?.shape?.count == rank, !sketch.isOutput(step.writes[0])
    else { return }
    let readers = sketch.readers(of: step.writes[0])
    let asksInFront = readers.allSatisfy { reader in
      guard let gather = sketch.steps[reader], gather.operation is Gather,
        let places = sketch.constant(gather.reads[1]).flatMap({ try? $0.ints() })
      else { return false }
      return places.allSatisfy { 0..<rank - 1 ~= $0 }
    }
    guard asksInFront else { return }
    var moved = step
    moved.reads = [source]
    sketch.replace([index], by: moved)
  }

  /// The integers that a step gives, as far as they are known.
  private func integers(_ step: GraphSketch.Step) -> [Int?]? {
    func read(_ index: Int) -> [Int?]? {
      index < step.reads.count ? values(step.reads[index]) : nil
    }
    switch step.node.operation {
    case "Shape": return shape(step)
    case "Gather":
      guard let all = read(0), let places = read(1), sketch.facts[step.reads[0]]?.shape?.count == 1
      else { return nil }
      return places.map { place in
        guard let place, place >= -all.count, place < all.count else { return nil }
        return all[place < 0 ? place + all.count : place]
      }
    case "Slice":
      guard let all = read(0), let first = read(1), let end = read(2), first.count == 1,
        end.count == 1, let from = first[0], let to = end[0],
        step.reads.count < 5 || read(4).map({ $0 == [1] }) ?? false
      else { return nil }
      func place(_ index: Int) -> Int {
        Swift.min(Swift.max(index < 0 ? index + all.count : index, 0), all.count)
      }
      return place(from) < place(to) ? Array(all[place(from)..<place(to)]) : []
    case "Unsqueeze", "Squeeze": return read(0).flatMap { $0.count == 1 ? $0 : nil }
    case "Cast":
      return sketch.facts[step.writes[0]]?.type == .int64 ? read(0) : nil
    case "Concat":
      let parts = step.reads.map { name in
        values(name) ?? (sketch.size(name, fromLast: 0) == 1 ? [nil] : nil)
      }
      return parts.contains { $0 == nil } ? nil : parts.flatMap { $0 ?? [] }
    default: return nil
    }
  }

  private func values(_ name: String) -> [Int?]? {
    if let found = known[name] { return found }
    guard let tensor = sketch.constant(name), tensor.rank <= 1, tensor.count <= 64,
      tensor.elementType == .int64 || tensor.elementType == .int32
    else { return nil }
    return try? tensor.ints()
  }

  private func shape(_ step: GraphSketch.Step) -> [Int?]? {
    guard step.node.attributes.isEmpty, let shape = sketch.facts[step.reads[0]]?.shape else {
      return nil
    }
    return shape.map { if case .fixed(let size) = $0 { size } else { nil } }
  }

  /// What is wholly known is constant, in the shape that it has.
  private mutating func keep(_ values: [Int?], _ name: String) {
    guard sketch.facts[name]?.type == .int64, let rank = sketch.facts[name]?.shape?.count,
      rank == 1 || rank == 0 && values.count == 1,
      let tensor = try? sketch.context.int64s(
        rank == 0 ? [] : [values.count], values.compactMap(\.self))
    else { return }
    sketch.facts[name] = GraphFact(constant: .tensor(tensor))
  }

  /// Small numbers that are made of constants, as the scale of a head's size.
  private mutating func fold(_ step: GraphSketch.Step) {
    guard ["Cast", "Sqrt", "Div", "Mul", "Reciprocal"].contains(step.node.operation) else { return }
    let constants = step.reads.map { sketch.constant($0) }
    guard constants.allSatisfy({ $0.map { $0.count <= 64 } ?? false }) else { return }
    let inputs = GraphInputs(constants.map { $0.map { .tensor($0) } })
    if let value = try? GraphPlan.compute(step.operation, inputs, sketch.context).first {
      sketch.facts[step.writes[0]] = GraphFact(constant: value)
    }
  }

  /// Says more of a shape than was known at first.
  private mutating func refine(_ step: GraphSketch.Step) throws {
    let name = step.writes[0]
    guard var fact = sketch.facts[name], fact.constant == nil else { return }
    switch step.node.operation {
    case "Reshape":
      guard let sizes = known[step.reads[1]] ?? nil, var shape = fact.shape,
        shape.count == sizes.count
      else { return }
      for (axis, size) in sizes.enumerated() {
        if let size, size > 0 { shape[axis] = .fixed(size) }
      }
      fact.shape = shape
    case "Transpose", "MatMul", "Add", "Mul", "Div", "Softmax":
      let facts = step.reads.map { $0.isEmpty ? nil : sketch.facts[$0] }
      guard let inferred = try step.operation.infer(GraphFacts(facts, sketch.context)).first,
        inferred.shape != nil
      else { return }
      fact.shape = inferred.shape
    default: return
    }
    sketch.facts[name] = fact
  }
}
