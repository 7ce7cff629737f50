internal import Models

/// One of two graphs, by a condition.
struct If: GraphOperator {
  let yes: GraphPlan
  let no: GraphPlan

  static let entries = [
    OperatorEntry("If") { node, builder in
      If(
        yes: try builder.plan(node.required("then_branch", node.graph("then_branch"))),
        no: try builder.plan(node.required("else_branch", node.graph("else_branch"))))
    }
  ]

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let condition = try inputs.tensor(0, .bool)
    guard condition.count == 1 else { throw GraphError("the condition must be one truth value") }
    // What the graphs take from outside follows the inputs by the order of the attributes' names.
    let outer = Array(inputs.values.dropFirst())
    let split = outer.count - yes.outerSlots.count
    guard split == no.outerSlots.count else { throw GraphError("values of the graphs are missing") }
    return condition.values(UInt8.self)[0] != 0
      ? try yes.run([], outer: Array(outer[split...]), context)
      : try no.run([], outer: Array(outer[..<split]), context)
  }
}

/// A graph over and over, as often as an input says and while its condition holds.
struct Loop: GraphOperator {
  let body: GraphPlan
  /// Inputs of the node, without what the graph takes from outside.
  let inputCount: Int

  static let entries = [
    OperatorEntry("Loop") { node, builder in
      Loop(
        body: try builder.plan(node.required("body", node.graph("body"))),
        inputCount: node.inputs.count)
    }
  ]

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let outer = Array(inputs.values[inputCount...])
    let limit = try inputs.int(0) ?? .max
    var goesOn = try inputs.truth(1) ?? true
    var carried = try (2..<max(2, inputCount)).map { try inputs.value($0) }
    var rows = [[GraphTensor]](
      repeating: [], count: max(0, body.outputSlots.count - 1 - carried.count))
    var step = 0
    while goesOn && step < limit {
      guard step < context.budget.elementLimit else { throw GraphError("it does not end") }
      let number = try context.int64s([], [step])
      let condition = try context.bools([])
      condition[0] = 1
      let answers = try body.run(
        [.tensor(number), .tensor(condition.tensor)] + carried, outer: outer, context)
      guard answers.count > carried.count else { throw GraphError("the body has too few outputs") }
      goesOn = try GraphInputs(answers).truth(0) ?? false
      carried = Array(answers.dropFirst().prefix(carried.count))
      for index in rows.indices {
        rows[index].append(try GraphInputs(answers).tensor(1 + carried.count + index))
      }
      step += 1
    }
    return try carried + rows.map { .tensor(try Self.stacked($0, axis: 0, context)) }
  }

  /// Tensors of one shape along a new axis.
  static func stacked(
    _ tensors: [GraphTensor], axis: Int, _ context: GraphContext
  ) throws -> GraphTensor {
    guard let first = tensors.first else {
      // Nothing says which shape there would have been.
      return try GraphTensor(.float, [0], context.budget)
    }
    let axis = try Axes.normalized(axis, rank: first.rank + 1)
    return try Concat.joined(
      tensors.map { tensor in
        var shape = tensor.shape
        guard shape.count == first.rank else { throw GraphError("values of several ranks") }
        shape.insert(1, at: axis)
        return GraphTensor(tensor, shape: shape)
      }, axis: axis, context)
  }
}

/// A graph over the slices of its inputs, with a state that goes from slice to slice.
struct Scan: GraphOperator {
  let body: GraphPlan
  let scanned: Int
  let inputCount: Int
  let inputAxes: [Int]
  let outputAxes: [Int]
  let reversedInputs: [Int64]
  let reversedOutputs: [Int64]

  static let entries = [
    OperatorEntry("Scan", versions: 9...28) { node, builder in
      let scanned = try node.required("num_scan_inputs", node.int("num_scan_inputs"))
      guard scanned > 0, scanned <= node.inputs.count else {
        throw node.problem(.malformed, "\(scanned) inputs are to be scanned")
      }
      return Scan(
        body: try builder.plan(node.required("body", node.graph("body"))),
        scanned: Int(scanned), inputCount: node.inputs.count,
        inputAxes: try node.ints("scan_input_axes")?.map { Int(clamping: $0) } ?? [],
        outputAxes: try node.ints("scan_output_axes")?.map { Int(clamping: $0) } ?? [],
        reversedInputs: try node.ints("scan_input_directions") ?? [],
        reversedOutputs: try node.ints("scan_output_directions") ?? [])
    }
  ]

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let outer = Array(inputs.values[inputCount...])
    let states = inputCount - scanned
    var carried = try (0..<states).map { try inputs.value($0) }
    let tensors = try (states..<inputCount).map { try inputs.tensor($0) }
    let axes = try tensors.enumerated().map { index, tensor in
      try Axes.normalized(index < inputAxes.count ? inputAxes[index] : 0, rank: tensor.rank)
    }
    let length = tensors[0].shape[axes[0]]
    guard zip(tensors, axes).allSatisfy({ $0.shape[$1] == length }) else {
      throw GraphError("its inputs differ in length")
    }
    var rows = [[GraphTensor]](repeating: [], count: max(0, body.outputSlots.count - states))
    for step in 0..<length {
      let slices = try tensors.indices.map { index -> GraphValue in
        let isReversed = index < reversedInputs.count && reversedInputs[index] != 0
        var view = StridedView(tensors[index])
        view.offset = (isReversed ? length - 1 - step : step) * view.strides[axes[index]]
        view.strides.remove(at: axes[index])
        view.shape.remove(at: axes[index])
        return .tensor(try view.copied(context))
      }
      let answers = try body.run(carried + slices, outer: outer, context)
      carried = Array(answers.prefix(states))
      for index in rows.indices {
        rows[index].append(try GraphInputs(answers).tensor(states + index))
      }
    }
    return try carried
      + rows.enumerated().map { index, row in
        let isReversed = index < reversedOutputs.count && reversedOutputs[index] != 0
        let axis = index < outputAxes.count ? outputAxes[index] : 0
        return .tensor(try Loop.stacked(isReversed ? row.reversed() : row, axis: axis, context))
      }
  }
}
