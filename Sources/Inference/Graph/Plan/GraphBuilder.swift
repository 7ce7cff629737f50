package import Models

/// Makes plans of graphs, and of those within their nodes.
package struct GraphBuilder: Sendable {
  let registry: OperatorRegistry
  /// What constants may take.
  let budget: MemoryBudget
  /// What is known of values of the graphs around.
  var outer: [String: GraphFact] = [:]

  package init(registry: OperatorRegistry, budget: MemoryBudget) {
    self.registry = registry
    self.budget = budget
  }

  package func plan(_ graph: ONNXGraph) throws -> GraphPlan {
    var work = PlanInTheMaking(builder: self, graph: graph)
    return try work.plan()
  }
}

/// One plan while its nodes are gone through.
private struct PlanInTheMaking {
  let builder: GraphBuilder
  let graph: ONNXGraph
  var facts: [String: GraphFact] = [:]
  var slots: [String: Int] = [:]
  /// Nodes that are not constant, with all names they read: inputs, then values of their graphs.
  var kept: [(node: ONNXNode, operation: any GraphOperator, reads: [String])] = []

  init(builder: GraphBuilder, graph: ONNXGraph) {
    self.builder = builder
    self.graph = graph
  }

  mutating func plan() throws -> GraphPlan {
    for name in graph.outerNames { facts[name] = builder.outer[name] ?? GraphFact() }
    for tensor in graph.initializers {
      facts[tensor.name] = GraphFact(constant: .tensor(try .make(tensor, builder.budget)))
    }
    for input in graph.inputs { facts[input.name] = GraphFact(input.type) }
    for node in graph.nodes {
      do { try take(node) } catch { throw Self.explained(error, node) }
    }
    return assemble()
  }

  static func explained(_ error: any Error, _ node: ONNXNode) -> GraphError {
    if let error = error as? GraphError {
      if !error.node.isEmpty { return error }
      var explained = error
      explained.node =
        "node \(ONNXProblem.shown(node.label)) (\(ONNXProblem.shown(node.qualifiedOperation)))"
      return explained
    }
    return GraphError("\(error)")
  }

  private mutating func take(_ node: ONNXNode) throws {
    guard let entry = builder.registry.entry(for: node) else {
      throw GraphError("the operator is not computed")
    }
    let reads = node.inputs + Self.outerNames(node)
    var inner = builder
    inner.outer = facts
    let operation = try entry.make(node, inner)
    let known = reads.map { $0.isEmpty ? nil : facts[$0] ?? GraphFact() }
    let constants = known.map { $0?.constant }
    let isConstant = zip(known, constants).allSatisfy { $0 == nil || $1 != nil }
    if operation.isPure && isConstant {
      let context = GraphContext(budget: builder.budget)
      let values = try GraphPlan.compute(operation, GraphInputs(constants), context)
      for (name, value) in zip(node.outputs, values) where !name.isEmpty {
        facts[name] = GraphFact(constant: value)
      }
      return
    }
    let inferred = try operation.infer(GraphFacts(known))
    for (index, name) in node.outputs.enumerated() where !name.isEmpty {
      facts[name] = index < inferred.count ? inferred[index] : GraphFact()
    }
    // A shape may be known although what has it is not.
    if node.outputs.allSatisfy({ $0.isEmpty || facts[$0]?.constant != nil }), operation.isPure {
      return
    }
    kept.append((node, operation, reads))
  }

  private static func outerNames(_ node: ONNXNode) -> [String] {
    node.attributes.sorted { $0.key < $1.key }.flatMap { entry -> [String] in
      if case .graph(let graph) = entry.value { graph.outerNames } else { [] }
    }
  }

  private mutating func slot(_ name: String) -> Int {
    if let slot = slots[name] { return slot }
    slots[name] = slots.count
    return slots.count - 1
  }

  private mutating func assemble() -> GraphPlan {
    let inputs = graph.inputs.map {
      GraphPlan.Input(name: $0.name, type: $0.type, slot: slot($0.name))
    }
    let outers = graph.outerNames.map { slot($0) }
    let outputs = graph.outputs.map { slot($0.name) }
    var lastUse: [Int: Int] = [:]
    for (index, step) in kept.enumerated() {
      for name in step.reads + step.node.outputs where !name.isEmpty { lastUse[slot(name)] = index }
    }
    for slot in outputs { lastUse[slot] = nil }
    var frees: [Int: [Int]] = [:]
    for (slot, index) in lastUse { frees[index, default: []].append(slot) }
    var steps: [GraphPlan.Step] = []
    for (index, step) in kept.enumerated() {
      steps.append(
        GraphPlan.Step(
          label:
            "node \(ONNXProblem.shown(step.node.label)) "
            + "(\(ONNXProblem.shown(step.node.qualifiedOperation)))",
          operation: step.operation, inputs: step.reads.map { $0.isEmpty ? nil : slot($0) },
          outputs: step.node.outputs.map { $0.isEmpty ? nil : slot($0) },
          frees: frees[index] ?? []))
    }
    let constants = facts.compactMap { name, fact -> (slot: Int, value: GraphValue)? in
      guard let slot = slots[name], let value = fact.constant else { return nil }
      return (slot, value)
    }
    return GraphPlan(
      slotCount: slots.count, inputs: inputs, outerSlots: outers, constants: constants,
      steps: steps, outputSlots: outputs, outputNames: graph.outputs.map(\.name),
      outputFacts: graph.outputs.map { facts[$0.name] ?? GraphFact() })
  }
}
