package import Models

/// Makes plans of graphs, and of those within their nodes.
package struct GraphBuilder: Sendable {
  let registry: OperatorRegistry
  /// What constants may take.
  let budget: MemoryBudget
  /// nil: each node is computed on its own.
  let fusions: FusionOptions?
  /// Computes constants of them.
  let folding: ConstantFolding
  /// What is known of values of the graphs around.
  var outer: [String: GraphFact] = [:]

  /// - Parameters:
  ///   - folding: what computed constants may take; nil: `budget` too.
  ///   - interest: planning ends when it has gone.
  package init(
    registry: OperatorRegistry, budget: MemoryBudget, folding: MemoryBudget? = nil,
    fusions: FusionOptions? = nil, interest: (any Interest)? = nil
  ) {
    self.registry = registry
    self.budget = budget
    self.fusions = fusions
    self.folding = ConstantFolding(folding ?? budget, interest: interest)
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
  /// Nodes that are not constant, with all names they read: inputs, then values of their graphs.
  var kept: [GraphSketch.Step] = []
  /// What could be constant and takes too much, by its first output.
  var unfolded: Set<String> = []

  init(builder: GraphBuilder, graph: ONNXGraph) {
    self.builder = builder
    self.graph = graph
  }

  mutating func plan() throws -> GraphPlan {
    for name in graph.outerNames { facts[name] = builder.outer[name] ?? GraphFact() }
    for tensor in graph.initializers {
      facts[tensor.name] = GraphFact(constant: .tensor(try .make(tensor, builder.budget)))
    }
    for input in graph.inputs {
      do {
        facts[input.name] = try GraphFact(input.type).checked(limit: builder.budget.elementLimit)
      } catch { throw GraphError("the input \(ONNXProblem.shown(input.name)): \(error)") }
    }
    for node in graph.nodes {
      try builder.folding.checkInterest()
      do { try take(node) } catch { throw Self.explained(error, node) }
    }
    if let fusions = builder.fusions { try fuse(fusions) }
    return PlanAssembly(graph: graph, facts: facts).plan(kept)
  }

  static func explained(_ error: any Error, _ node: ONNXNode) -> GraphError {
    if let error = error as? GraphError {
      if !error.node.isEmpty { return error }
      var explained = error
      explained.node = node.shown()
      return explained
    }
    return GraphError("\(error)")
  }

  private mutating func take(_ node: ONNXNode) throws {
    guard let entry = builder.registry.entry(for: node) else {
      throw GraphError("the operator is not computed")
    }
    var inner = builder
    // Only for whom it is: a copy of all facts for each node would take quadratic time.
    if node.hasGraphs { inner.outer = facts }
    let step = GraphSketch.Step(
      node: node, operation: try entry.make(node, inner),
      reads: node.inputs + Self.outerNames(node), writes: node.outputs)
    // Weights stay bytes for the fusions.
    let waits = builder.fusions != nil && step.operation is DequantizeLinear
    if !waits, try fold(step) { return }
    let inferred = try step.operation.infer(
      GraphFacts(known(step), builder.folding.context))
    for (index, name) in node.outputs.enumerated() where !name.isEmpty {
      let fact = index < inferred.count ? inferred[index] : GraphFact()
      facts[name] = try fact.checked(limit: builder.budget.elementLimit)
    }
    // A shape may be known although what has it is not.
    let isKnown = node.outputs.allSatisfy { $0.isEmpty || facts[$0]?.constant != nil }
    if isKnown && step.operation.isPure { return }
    kept.append(step)
  }

  private func known(_ step: GraphSketch.Step) -> [GraphFact?] {
    step.reads.map { $0.isEmpty ? nil : facts[$0] ?? GraphFact() }
  }

  /// Computes what depends on constants alone.
  private mutating func fold(_ step: GraphSketch.Step) throws -> Bool {
    let constants = known(step).map { ($0 == nil, $0?.constant) }
    guard step.operation.isPure, constants.allSatisfy({ $0 || $1 != nil }),
      !unfolded.contains(step.writes[0])
    else { return false }
    let inputs = GraphInputs(constants.map(\.1))
    guard let values = try builder.folding.values(of: step.operation, inputs) else {
      unfolded.insert(step.writes[0])
      return false
    }
    for (name, value) in zip(step.writes, values) where !name.isEmpty {
      facts[name] = GraphFact(constant: value)
    }
    return true
  }

  private mutating func fuse(_ options: FusionOptions) throws {
    let folding = builder.folding
    var sketch = GraphSketch(
      steps: kept, facts: facts, outputs: graph.outputs.map(\.name), folding)
    try sketch.fuse(options, while: folding.checkInterest)
    facts = sketch.facts
    kept = []
    for case let step? in sketch.steps {
      do {
        if try !fold(step) { kept.append(step) }
      } catch { throw Self.explained(error, step.node) }
    }
  }

  private static func outerNames(_ node: ONNXNode) -> [String] {
    node.attributes.sorted { $0.key < $1.key }.flatMap { entry -> [String] in
      if case .graph(let graph) = entry.value { graph.outerNames } else { [] }
    }
  }
}

extension ONNXNode {
  /// As errors call it.
  ///
  /// - Parameter operation: nil: its own.
  func shown(as operation: String? = nil) -> String {
    "node \(ONNXProblem.shown(label)) (\(ONNXProblem.shown(operation ?? qualifiedOperation)))"
  }
}
