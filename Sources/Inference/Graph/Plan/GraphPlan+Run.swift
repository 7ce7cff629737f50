internal import Compute
package import Models

extension GraphPlan {
  /// The operators are those of `OperatorRegistry.standard`, which the reader must have asked too.
  ///
  /// - Parameters:
  ///   - budget: what the constants may take.
  ///   - foldedBytes: what those may take that are computed of them, where that is less than befits
  ///     the model.
  ///   - fusions: how nodes are computed together; nil for each on its own.
  ///   - interest: planning ends when it has gone.
  package convenience init(
    _ model: ONNXModel, budget: MemoryBudget = MemoryBudget(), foldedBytes: Int = .max,
    fusions: FusionOptions? = nil, interest: (any Interest)? = nil
  ) throws {
    let folded = min(budget.limit, foldedBytes, ConstantFolding.byteLimit(of: model.graph))
    let folding = MemoryBudget(
      limit: folded, elementLimit: budget.elementLimit, stepLimit: budget.stepLimit)
    let builder = GraphBuilder(
      registry: .standard, budget: budget, folding: folding, fusions: fusions, interest: interest)
    let made = try builder.plan(model.graph)
    self.init(
      slotCount: made.slotCount, inputs: made.inputs, outerSlots: made.outerSlots,
      constants: made.constants, steps: made.steps, outputSlots: made.outputSlots,
      outputNames: made.outputNames, outputFacts: made.outputFacts)
  }

  /// Checks the inputs against what the model declares, then computes the outputs.
  ///
  /// - Parameter interest: the run ends when it has gone.
  package func run(
    _ values: [GraphValue], _ context: GraphContext, for interest: (any Interest)? = nil
  ) throws -> [GraphValue] {
    guard values.count == inputs.count else {
      throw GraphError("\(values.count) inputs are given, \(inputs.count) are expected")
    }
    var sizes: [String: Int] = [:]
    for (input, value) in zip(inputs, values) { try Self.check(input, value, &sizes) }
    // Nodes and time are counted for each run by itself.
    return try run(values, outer: [], context.run(for: interest))
  }

  /// - Parameter outer: values of the graphs around.
  func run(
    _ values: [GraphValue], outer: [GraphValue?], _ context: GraphContext
  ) throws -> [GraphValue] {
    guard values.count == inputs.count, outer.count == outerSlots.count else {
      throw GraphError("a graph of \(inputs.count) inputs is given \(values.count)")
    }
    var slots = [GraphValue?](repeating: nil, count: slotCount)
    for (slot, value) in constants { slots[slot] = value }
    for (slot, value) in zip(outerSlots, outer) { slots[slot] = value }
    for (input, value) in zip(inputs, values) { slots[input.slot] = value }
    // Of a loop whose graph is empty too.
    try context.watch.step()
    for step in steps {
      do {
        try context.watch.step()
        let inputs = GraphInputs(step.inputs.map { $0.flatMap { slots[$0] } })
        let outputs = try Self.compute(step.operation, inputs, context)
        for (slot, value) in zip(step.outputs, outputs) {
          if let slot { slots[slot] = value }
        }
      } catch var error as GraphError {
        // A loop that takes long is told, not where in it the time was over.
        if error.node.isEmpty || error.bound == .time || error.bound == .steps {
          error.node = step.label
          if error.bound == nil { error.inputs = names(of: step, values) }
        }
        throw error
      } catch let error as ComputeError {
        // Sizes of a caller's values that kernels do not take.
        var explained = GraphError("\(error)")
        explained.node = step.label
        throw explained
      }
      for slot in step.frees { slots[slot] = nil }
    }
    return try outputSlots.map { slot in
      guard let value = slots[slot] else { throw GraphError("an output was not computed") }
      return value
    }
  }

  /// The inputs of the graph that a step reads, as errors call them.
  private func names(of step: Step, _ values: [GraphValue]) -> [String] {
    zip(inputs, values).compactMap { input, value in
      guard step.inputs.contains(input.slot), case .tensor(let tensor) = value else { return nil }
      return "\(ONNXProblem.shown(input.name)) \(tensor.shape)"
    }
  }

  /// Computes a node, with floats of 16 bits widened where it does not take them.
  static func compute(
    _ operation: any GraphOperator, _ inputs: GraphInputs, _ context: GraphContext
  ) throws -> [GraphValue] {
    guard !operation.takesHalf, let half = inputs.firstHalf else {
      return try operation.compute(inputs, context)
    }
    var wide = inputs
    for (index, value) in inputs.values.enumerated() {
      if case .tensor(let tensor)? = value, tensor.elementType.isHalf {
        wide.values[index] = .tensor(try tensor.widened(context))
      }
    }
    return try operation.compute(wide, context).map { value in
      guard case .tensor(let tensor) = value, tensor.elementType == .float else { return value }
      return .tensor(try tensor.narrowed(to: half, context))
    }
  }

  private static func check(
    _ input: Input, _ value: GraphValue, _ sizes: inout [String: Int]
  ) throws {
    guard case .tensor(let type, let shape)? = input.type else { return }
    let name = ONNXProblem.shown(input.name)
    guard case .tensor(let tensor) = value else {
      throw GraphError("the input \(name) must be a tensor")
    }
    _ = try tensor.checked(type, "the input \(name)")
    guard let shape else { return }
    guard shape.count == tensor.rank else {
      throw GraphError(
        "the input \(name) has \(tensor.rank) dimensions; \(shape.count) are expected")
    }
    for (dimension, size) in zip(shape, tensor.shape) {
      let expected: Int
      switch dimension {
      case .fixed(let fixed): expected = fixed
      case .symbolic(let symbol):
        expected = sizes[symbol] ?? size
        sizes[symbol] = expected
      case .unknown: continue
      }
      guard expected == size else {
        throw GraphError(
          "the input \(name) has the shape \(tensor.shape), with \(size) where \(expected) is "
            + "expected")
      }
    }
  }
}

extension GraphInputs {
  /// The type of the first input of 16-bit floats.
  fileprivate var firstHalf: ONNXElementType? {
    for case .tensor(let tensor)? in values where tensor.elementType.isHalf {
      return tensor.elementType
    }
    return nil
  }
}
