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
    var places = try ElementPlaces(x.shape, indices, axis: axis, context)
    return .tensors(try x.scattered(updates, reduction, context) { _ in try places.next() })
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
    let numbers = try indices.asIndices(context)
    let strides = Broadcast.strides(x.shape)
    return .tensors(
      try x.scattered(updates, of: x.shape[depth...].product, reduction, context) { slice in
        var place = 0
        for step in 0..<depth {
          let index = try Gather.place(Int(numbers[slice * depth + step]), x.shape[step])
          place += index * strides[step]
        }
        return place
      })
  }
}

extension GraphTensor {
  /// A copy with slices of another tensor at some places.
  ///
  /// - Parameter start: where a slice of `width` elements goes, nil for nowhere; asked for one
  ///   after the other.
  func scattered(
    _ updates: GraphTensor, of width: Int = 1, _ reduction: ScatterReduction,
    _ context: GraphContext, start: (Int) throws -> Int?
  ) throws -> GraphTensor {
    _ = try updates.checked(elementType, "the updates")
    if elementType == .string {
      guard reduction == .none else { throw GraphError("texts cannot be reduced") }
      var texts = strings
      var work = context.watch.work
      for slice in 0..<updates.count / max(1, width) {
        try work.add(1 + width)
        guard let place = try start(slice) else { continue }
        for index in 0..<width { texts[place + index] = updates.strings[slice * width + index] }
      }
      return try context.texts(shape, texts)
    }
    return try withoutActuallyEscaping(start) { start in
      let work = ScatterWork(
        x: self, updates: updates, width: width, reduction: reduction, start: start,
        context: context)
      return reduction == .none
        ? try elementType.dispatchBits(work) : try elementType.dispatch(work)
    }
  }
}

private struct ScatterWork: NumberVisitor, BitsVisitor {
  typealias Result = GraphTensor
  let x: GraphTensor
  let updates: GraphTensor
  let width: Int
  let reduction: ScatterReduction
  let start: (Int) throws -> Int?
  let context: GraphContext

  func visit<Bits: FixedWidthInteger & BitwiseCopyable>(_: Bits.Type) throws -> GraphTensor {
    try merged(Bits.self) { $1 }
  }

  func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
    switch reduction {
    case .none: try merged(N.self) { $1 }
    case .add: try merged(N.self) { .sum($0, $1) }
    case .mul: try merged(N.self) { .product($0, $1) }
    case .max: try merged(N.self) { Swift.max($0, $1) }
    case .min: try merged(N.self) { Swift.min($0, $1) }
    }
  }

  /// - Parameter body: what becomes of an old element and a new one.
  @inline(__always)
  private func merged<Element: BitwiseCopyable>(
    _: Element.Type, _ body: (Element, Element) -> Element
  ) throws -> GraphTensor {
    let (from, news) = (x.values(Element.self), updates.values(Element.self))
    let to = try NewTensor<Element>(x.elementType, x.shape, context.budget, isCleared: false)
    var work = context.watch.work
    try work.pieces(0..<from.count) { for index in $0 { to[index] = from[index] } }
    for slice in 0..<news.count / max(1, width) {
      try work.add(1)
      guard let place = try start(slice) else { continue }
      try work.pieces(0..<width) { piece in
        for index in piece {
          to[place + index] = body(to[place + index], news[slice * width + index])
        }
      }
    }
    return to.tensor
  }
}
