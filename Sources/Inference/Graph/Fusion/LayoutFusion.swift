internal import Models

/// Keeps images channels last between the operators that compute so, and through those that treat
/// each element by itself.
struct LayoutFusion: GraphFusion {
  private static let neutral: Set<String> = [
    "Relu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "LeakyRelu", "Elu", "Tanh", "Softplus",
    "Mish", "Erf", "Add", "Sub", "Mul", "Div",
  ]

  static func apply(to sketch: inout GraphSketch, _ options: FusionOptions) throws {
    guard sketch.steps.contains(where: { $0?.operation is any ImageOperator }) else { return }
    var last = candidates(sketch)
    // A step that treats elements by themselves has all its images in one layout.
    var open = Array(sketch.steps.indices)
    while let index = open.popLast() {
      guard let step = sketch.steps[index], !(step.operation is any ImageOperator) else { continue }
      let names = images(step, sketch)
      let gone = names.filter(last.contains)
      guard !gone.isEmpty, gone.count < names.count else { continue }
      last.subtract(gone)
      // Whoever has to do with them is asked again.
      for name in Set(gone) {
        open += sketch.readers(of: name)
        if let producer = sketch.producer(of: name) { open.append(producer) }
      }
    }
    for index in sketch.steps.indices {
      guard var step = sketch.steps[index] else { continue }
      if var operation = step.operation as? any ImageOperator {
        for input in operation.takesLast.indices {
          operation.takesLast[input] = last.contains(step.reads[input])
        }
        operation.givesLast = last.contains(step.writes[0])
        step.operation = operation
        sketch.replace([index], by: step)
      } else if step.operation is Concat, last.contains(step.writes[0]) {
        step.operation = Concat(axis: 3)
        sketch.replace([index], by: step)
      }
    }
  }

  /// Values that all who have to do with them can have in either layout.
  private static func candidates(_ sketch: GraphSketch) -> Set<String> {
    var found: Set<String> = []
    for case let step? in sketch.steps where isFree(step, sketch) {
      let name = step.writes[0]
      guard !sketch.isOutput(name), sketch.facts[name]?.shape?.count == 4,
        sketch.facts[name]?.type == .float,
        sketch.readers(of: name).allSatisfy({ index in
          sketch.steps[index].map { isFree($0, sketch) } ?? false
        })
      else { continue }
      found.insert(name)
    }
    return found
  }

  private static func isFree(_ step: GraphSketch.Step, _ sketch: GraphSketch) -> Bool {
    if step.operation is any ImageOperator || step.operation is RowActivation { return true }
    guard step.node.domain.isEmpty, step.writes.count == 1 else { return false }
    if let concat = step.operation as? Concat { return concat.axis == 1 }
    return neutral.contains(step.node.operation)
      && step.reads.allSatisfy { name in
        name.isEmpty || sketch.constant(name)?.count == 1
          || sketch.constant(name) == nil && sketch.facts[name]?.shape?.count == 4
      }
  }

  /// The values of a step that are images: not the numbers of Clip and their like.
  private static func images(_ step: GraphSketch.Step, _ sketch: GraphSketch) -> [String] {
    (step.reads + step.writes).filter { !$0.isEmpty && sketch.constant($0) == nil }
  }
}
