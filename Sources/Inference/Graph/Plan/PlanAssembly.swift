internal import Models

/// Gives the values of a graph numbers, and says after which step each is given up.
struct PlanAssembly {
  let graph: ONNXGraph
  let facts: [String: GraphFact]
  private var slots: [String: Int] = [:]

  init(graph: ONNXGraph, facts: [String: GraphFact]) {
    self.graph = graph
    self.facts = facts
  }

  private mutating func slot(_ name: String) -> Int {
    if let slot = slots[name] { return slot }
    slots[name] = slots.count
    return slots.count - 1
  }

  consuming func plan(_ kept: [GraphSketch.Step]) -> GraphPlan {
    let inputs = graph.inputs.map {
      GraphPlan.Input(name: $0.name, type: $0.type, slot: slot($0.name))
    }
    let outers = graph.outerNames.map { slot($0) }
    let outputs = graph.outputs.map { slot($0.name) }
    var lastUse: [Int: Int] = [:]
    for (index, step) in kept.enumerated() {
      for name in step.reads + step.writes where !name.isEmpty { lastUse[slot(name)] = index }
    }
    for slot in outputs { lastUse[slot] = nil }
    var frees: [Int: [Int]] = [:]
    for (slot, index) in lastUse { frees[index, default: []].append(slot) }
    var steps: [GraphPlan.Step] = []
    for (index, step) in kept.enumerated() {
      steps.append(
        GraphPlan.Step(
          label: step.node.shown(as: step.origin),
          operation: step.operation, inputs: step.reads.map { $0.isEmpty ? nil : slot($0) },
          outputs: step.writes.map { $0.isEmpty ? nil : slot($0) }, frees: frees[index] ?? []))
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
