internal import Models

/// Who makes each value of a graph, and who takes it.
struct GraphUses {
  /// The nodes that take a value, once for each input; without those within nodes.
  private(set) var takers: [String: [Int]] = [:]
  /// The node that makes a value.
  private(set) var makers: [String: Int] = [:]
  /// What callers get, or graphs within nodes take.
  private(set) var outside: Set<String> = []

  init(_ graph: ONNXGraph) {
    for (index, node) in graph.nodes.enumerated() {
      for name in node.inputs where !name.isEmpty { takers[name, default: []].append(index) }
      for name in node.outputs where !name.isEmpty { makers[name] = index }
      for case .graph(let inner) in node.attributes.values { outside.formUnion(inner.outerNames) }
    }
    outside.formUnion(graph.outputs.map(\.name))
  }

  /// The node that takes a value, if it is one and nobody else does.
  func onlyTaker(of name: String) -> Int? {
    guard !outside.contains(name), let all = takers[name], all.count == 1 else { return nil }
    return all[0]
  }
}

extension ONNXGraph {
  /// Values that are always the same: initializers, what Constant nodes hold, and other names of
  /// those.
  var constants: [String: ONNXTensor] {
    var found: [String: ONNXTensor] = [:]
    for tensor in initializers { found[tensor.name] = tensor }
    for node in nodes where node.domain.isEmpty {
      guard let output = node.output(0) else { continue }
      if node.operation == "Constant", case .tensor(let tensor)? = node.attributes["value"] {
        found[output] = tensor
      } else if node.operation == "Identity", let input = node.input(0) {
        found[output] = found[input]
      }
    }
    return found
  }

  /// The same graph of other nodes, and of those initializers that they still take.
  func with(nodes: [ONNXNode], adding tensors: [ONNXTensor]) -> ONNXGraph {
    let uses = GraphUses(
      ONNXGraph(name: "", nodes: nodes, initializers: [], inputs: [], outputs: outputs))
    let kept = nodes.filter { node in
      node.operation != "Constant" || !node.domain.isEmpty
        || node.outputs.contains { uses.takers[$0] != nil || uses.outside.contains($0) }
    }
    return ONNXGraph(
      name: name, nodes: kept,
      initializers: (initializers + tensors).filter {
        uses.takers[$0.name] != nil || uses.outside.contains($0.name)
      }, inputs: inputs, outputs: outputs,
      valueInfos: valueInfos.filter { uses.makers[$0.name] != nil }, outerNames: outerNames)
  }
}
