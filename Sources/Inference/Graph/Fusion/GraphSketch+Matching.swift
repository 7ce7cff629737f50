internal import Models

extension GraphSketch.Step {
  /// A step that stands for several, the last of them this one. Its node has a domain of its own,
  /// so that nobody takes it for what it was.
  func fused(
    _ name: String, _ operation: any GraphOperator, reads: some Sequence<String>,
    writes: some Sequence<String>
  ) -> GraphSketch.Step {
    GraphSketch.Step(
      node: ONNXNode(
        name: node.label, domain: "apus", operation: name, version: 1, inputs: Array(reads),
        outputs: Array(writes)),
      operation: operation, reads: reads, writes: writes,
      origin: origin ?? node.qualifiedOperation)
  }
}

/// What fusions ask of the steps that they look at.
extension GraphSketch {
  /// The one float that a constant holds, which gives no dimensions to what it meets.
  func scalar(_ name: String) -> Float? {
    guard let tensor = constant(name), tensor.count == 1, tensor.rank <= 1,
      tensor.elementType == .float
    else { return nil }
    return tensor.values(Float.self)[0]
  }

  func floats(_ name: String) -> [Float]? {
    guard let tensor = constant(name), tensor.elementType == .float else { return nil }
    return tensor.values(Float.self).array
  }

  /// The operands of a step of two, each with the other.
  func pairs(_ step: Step) -> [(String, String)] {
    guard step.reads.count == 2 else { return [] }
    return [(step.reads[0], step.reads[1]), (step.reads[1], step.reads[0])]
  }

  /// What is multiplied by a constant here, and by how much; a division counts.
  func scaled(_ step: Step) -> (name: String, factor: Float)? {
    guard step.node.domain.isEmpty else { return nil }
    if step.node.operation == "Mul" {
      for (name, factor) in pairs(step) {
        if let factor = scalar(factor), constant(name) == nil { return (name, factor) }
      }
    }
    if step.node.operation == "Div", let divisor = scalar(step.reads[1]), divisor != 0,
      constant(step.reads[0]) == nil
    {
      return (step.reads[0], 1 / divisor)
    }
    return nil
  }

  /// Whether nobody but these steps reads what they compute, except for one value.
  func isClosed(_ indices: [Int], but result: String) -> Bool {
    let inside = Set(indices)
    return indices.allSatisfy { index in
      steps[index]?.writes.allSatisfy { name in
        name.isEmpty || name == result
          || !isOutput(name) && readers(of: name).allSatisfy { inside.contains($0) }
      } ?? false
    }
  }

  /// A size of a value, where it is fixed.
  func size(_ name: String, fromLast place: Int) -> Int? {
    guard let shape = facts[name]?.shape, shape.count > place,
      case .fixed(let size) = shape[shape.count - 1 - place]
    else { return nil }
    return size
  }

  /// The activation that a step applies to its first input, where products apply it themselves.
  func activation(_ step: Step) -> Linear.Activation? {
    if let row = step.operation as? RowActivation { return .function(row.function) }
    guard step.node.domain.isEmpty else { return nil }
    switch step.node.operation {
    case "Relu": return .clamp(0...Float.infinity)
    case "Clip":
      guard let low = bound(step, 1, "min", -.infinity),
        let high = bound(step, 2, "max", .infinity),
        low <= high
      else { return nil }
      return .clamp(low...high)
    default: return nil
    }
  }

  /// A bound of Clip: an input, before version 11 an attribute.
  private func bound(_ step: Step, _ index: Int, _ name: String, _ open: Float) -> Float? {
    if step.node.attributes[name] != nil { return try? step.node.float(name) }
    guard index < step.reads.count, !step.reads[index].isEmpty else { return open }
    return scalar(step.reads[index])
  }
}
