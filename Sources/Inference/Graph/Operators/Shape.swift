internal import Models

/// The sizes of a tensor, or some of them.
struct Shape: GraphOperator {
  let start: Int
  let end: Int?

  static let entries = [
    OperatorEntry("Shape") { node, _ in
      Shape(
        start: Int(clamping: try node.int("start", default: 0)),
        end: try node.int("end").map { Int(clamping: $0) })
    }
  ]

  var takesHalf: Bool { true }

  private func range(rank: Int) -> Range<Int> {
    func place(_ axis: Int) -> Int { min(max(axis < 0 ? axis &+ rank : axis, 0), rank) }
    let first = place(start)
    return first..<max(first, end.map { place($0) } ?? rank)
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    guard let shape = inputs[0].shape else { return [GraphFact(.int64, [.unknown])] }
    let part = Array(shape[range(rank: shape.count)])
    guard let fixed = part.fixed else { return [GraphFact(.int64, [.fixed(part.count)])] }
    return [GraphFact(constant: .tensor(try inputs.context.int64s([fixed.count], fixed)))]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let sizes = Array(x.shape[range(rank: x.rank)])
    return .tensors(try context.int64s([sizes.count], sizes))
  }
}

/// The number of elements.
struct Size: GraphOperator {
  static let entries = [OperatorEntry("Size") { _, _ in Size() }]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] { [GraphFact(.int64, [])] }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    .tensors(try context.int64s([], [inputs.tensor(0).count]))
  }
}
