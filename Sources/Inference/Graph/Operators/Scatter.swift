internal import Models

/// What becomes of an element that is written to twice, or was there before.
enum ScatterReduction: String, Sendable {
  case none, add, mul, max, min

  static func of(_ node: ONNXNode) throws -> ScatterReduction {
    let name = try node.text("reduction", default: "none")
    guard let reduction = ScatterReduction(rawValue: name) else {
      throw node.problem(.unsupported, "the reduction \(name)")
    }
    return reduction
  }
}

/// Single elements written into a copy: the index replaces the place along one axis.
struct ScatterElements: GraphOperator {
  let axis: Int
  let reduction: ScatterReduction

  static let entries: [OperatorEntry] = ["Scatter", "ScatterElements"].map { name in
    OperatorEntry(name) { node, _ in
      ScatterElements(
        axis: Int(clamping: try node.int("axis", default: 0)), reduction: try .of(node))
    }
  }

  var takesHalf: Bool { reduction == .none }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let (x, updates) = (try inputs.tensor(0), try inputs.tensor(2))
    let indices = try inputs.tensor(1)
    guard indices.shape == updates.shape else { throw GraphError("indices and updates differ") }
    let places = try GatherElements.places(x.shape, indices, axis: axis)
    return .tensors(try x.scattered(updates, at: places, reduction, context))
  }
}

/// Slices written into a copy at places of several dimensions.
struct ScatterND: GraphOperator {
  let reduction: ScatterReduction

  static let entries = [
    OperatorEntry("ScatterND", versions: 11...28) { node, _ in ScatterND(reduction: try .of(node)) }
  ]

  var takesHalf: Bool { reduction == .none }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let (x, indices, updates) = (
      try inputs.tensor(0), try inputs.tensor(1), try inputs.tensor(2)
    )
    guard let depth = indices.shape.last, depth <= x.rank,
      updates.shape == Array(indices.shape.dropLast() + x.shape[depth...])
    else { throw GraphError("updates of the shape \(updates.shape) into \(x.shape)") }
    let numbers = try indices.ints()
    let strides = Broadcast.strides(x.shape)
    let inner = x.shape[depth...].product
    var places: [Int] = []
    for row in 0..<indices.shape.dropLast().product {
      var place = 0
      for step in 0..<depth {
        place += try Gather.place(numbers[row * depth + step], x.shape[step]) * strides[step]
      }
      places.append(contentsOf: place..<place + inner)
    }
    return .tensors(try x.scattered(updates, at: places, reduction, context))
  }
}

extension GraphTensor {
  /// A copy with elements of another tensor at some places.
  func scattered(
    _ updates: GraphTensor, at places: [Int], _ reduction: ScatterReduction,
    _ context: GraphContext
  ) throws -> GraphTensor {
    _ = try updates.checked(elementType, "the updates")
    guard updates.count == places.count else { throw GraphError("indices and updates differ") }
    if elementType == .string {
      guard reduction == .none else { throw GraphError("texts cannot be reduced") }
      var texts = strings
      for (index, place) in places.enumerated() { texts[place] = updates.strings[index] }
      return try context.texts(shape, texts)
    }
    let work = ScatterWork(
      x: self, updates: updates, places: places, reduction: reduction, context: context)
    return reduction == .none
      ? try elementType.dispatchBits(work) : try elementType.dispatch(work)
  }
}

private struct ScatterWork: NumberVisitor, BitsVisitor {
  typealias Result = GraphTensor
  let x: GraphTensor
  let updates: GraphTensor
  let places: [Int]
  let reduction: ScatterReduction
  let context: GraphContext

  private func copy<Bits: BitwiseCopyable>(_: Bits.Type) throws -> NewTensor<Bits> {
    let (from, to) = (
      x.values(Bits.self), try NewTensor<Bits>(x.elementType, x.shape, context.budget)
    )
    for index in 0..<from.count { to[index] = from[index] }
    return to
  }

  func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
    let (to, news) = (try copy(Bits.self), updates.values(Bits.self))
    for (index, place) in places.enumerated() { to[place] = news[index] }
    return to.tensor
  }

  func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
    let (to, news) = (try copy(N.self), updates.values(N.self))
    for (index, place) in places.enumerated() {
      let (old, new) = (to[place], news[index])
      switch reduction {
      case .none: to[place] = new
      case .add: to[place] = .sum(old, new)
      case .mul: to[place] = .product(old, new)
      case .max: to[place] = Swift.max(old, new)
      case .min: to[place] = Swift.min(old, new)
      }
    }
    return to.tensor
  }
}
