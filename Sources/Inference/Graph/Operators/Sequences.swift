internal import Models

/// Values in a row: made, asked, changed.
struct SequenceOperator: GraphOperator {
  enum Kind: Sendable { case construct, empty, at, length, insert, erase }
  let kind: Kind

  static let entries: [OperatorEntry] = [
    ("SequenceConstruct", Kind.construct), ("SequenceEmpty", .empty), ("SequenceAt", .at),
    ("SequenceLength", .length), ("SequenceInsert", .insert), ("SequenceErase", .erase),
  ].map { name, kind in
    OperatorEntry(name, versions: 11...28) { _, _ in SequenceOperator(kind: kind) }
  }

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    switch kind {
    case .construct:
      return [.sequence(try inputs.values.indices.map { try inputs.value($0) })]
    case .empty: return [.sequence([])]
    case .length: return .tensors(try context.int64s([], [inputs.sequence(0).count]))
    case .at:
      let values = try inputs.sequence(0)
      return [values[try Gather.place(inputs.int(1) ?? 0, values.count)]]
    case .insert:
      var values = try inputs.sequence(0)
      let place = try inputs.int(2) ?? values.count
      guard -values.count...values.count ~= place else { throw GraphError("place \(place)") }
      values.insert(try inputs.value(1), at: place < 0 ? place + values.count : place)
      return [.sequence(values)]
    case .erase:
      var values = try inputs.sequence(0)
      values.remove(at: try Gather.place(inputs.int(1) ?? -1, values.count))
      return [.sequence(values)]
    }
  }
}

/// The values of a sequence joined into one tensor.
struct ConcatFromSequence: GraphOperator {
  let axis: Int
  let makesAxis: Bool

  static let entries = [
    OperatorEntry("ConcatFromSequence", versions: 11...28) { node, _ in
      ConcatFromSequence(
        axis: Int(clamping: try node.required("axis", node.int("axis"))),
        makesAxis: try node.flag("new_axis", default: false))
    }
  ]

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let row = GraphInputs(try inputs.sequence(0))
    let tensors = try row.values.indices.map { try row.tensor($0) }
    guard let first = tensors.first else { throw GraphError("the sequence is empty") }
    if makesAxis { return .tensors(try Loop.stacked(tensors, axis: axis, context)) }
    return .tensors(
      try Concat.joined(tensors, axis: Axes.normalized(axis, rank: first.rank), context))
  }
}

/// A tensor's pieces along an axis as a sequence.
struct SplitToSequence: GraphOperator {
  let axis: Int
  let keepsDimensions: Bool

  static let entries = [
    OperatorEntry("SplitToSequence", versions: 11...28) { node, _ in
      SplitToSequence(
        axis: Int(clamping: try node.int("axis", default: 0)),
        keepsDimensions: try node.flag("keepdims", default: true))
    }
  ]

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let axis = try Axes.normalized(axis, rank: x.rank)
    let size = x.shape[axis]
    let given = try inputs.optional(1)
    let charge = try BudgetCharge(numbers: size, context.budget)
    defer { withExtendedLifetime(charge) {} }
    var lengths = Array(repeating: 1, count: size)
    if let given {
      lengths = try given.ints()
      if given.rank == 0, let step = lengths.first {
        guard step > 0 else { throw GraphError("pieces of \(step)") }
        lengths = stride(from: 0, to: size, by: step).map { min(step, size - $0) }
      }
    }
    guard lengths.allSatisfy({ $0 >= 0 && $0 <= size }), lengths.reduce(0, +) == size else {
      throw GraphError("the lengths \(lengths) do not split \(size)")
    }
    let pieces = try Split.pieces(x, axis: axis, lengths, context)
    return [
      .sequence(
        pieces.map { piece in
          guard given == nil, !keepsDimensions else { return .tensor(piece) }
          var shape = piece.shape
          shape.remove(at: axis)
          return .tensor(GraphTensor(piece, shape: shape))
        })
    ]
  }
}

/// Values that may be missing.
struct OptionalOperator: GraphOperator {
  enum Kind: Sendable { case make, has, get }
  let kind: Kind

  static let entries: [OperatorEntry] = [
    ("Optional", Kind.make), ("OptionalHasElement", .has), ("OptionalGetElement", .get),
  ].map { name, kind in
    OperatorEntry(name, versions: 15...28) { _, _ in OptionalOperator(kind: kind) }
  }

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let value = inputs.values.first.flatMap(\.self) ?? .none
    let isMissing = if case .none = value { true } else { false }
    switch kind {
    case .make: return [value]
    case .has:
      let truth = try context.bools([])
      truth[0] = isMissing ? 0 : 1
      return .tensors(truth.tensor)
    case .get:
      guard !isMissing else { throw GraphError("the value is missing") }
      return [value]
    }
  }
}
