/// Finds out where each value of a graph comes from, and puts the nodes into an order in which they
/// can be computed. All that is wrong is noted in `error`.
///
/// Graphs within nodes see the values of the graphs around them; a value of their own goes before
/// one of the same name outside.
struct GraphResolver {
  var error: ONNXError
  /// What the graphs around the present one define, the outermost first.
  private var around: [Set<String>] = []

  init(error: ONNXError) { self.error = error }

  mutating func resolve(_ graph: ONNXGraph, isMain: Bool = false) -> ONNXGraph {
    let origins = origins(graph)
    var outer = OrderedNames()
    var nodes: [ONNXNode] = []
    var needs: [[Int]] = []
    nodes.reserveCapacity(graph.nodes.count)
    needs.reserveCapacity(graph.nodes.count)
    around.append(Set(origins.keys))
    for written in graph.nodes {
      let (node, inner) = resolveGraphs(of: written)
      nodes.append(node)
      var needed: [Int] = []
      for name in node.inputs + inner where !name.isEmpty {
        switch origins[name] {
        case .node(let index): needed.append(index)
        case .given: break
        case nil where isOutside(name): outer.insert(name)
        case nil:
          error.add(
            node.problem(.malformed, "nothing gives its input \(ONNXProblem.shown(name))"))
        }
      }
      needs.append(needed)
    }
    for output in graph.outputs where origins[output.name] == nil {
      if isOutside(output.name) {
        outer.insert(output.name)
      } else {
        let place = isMain ? "" : " of the graph \(ONNXProblem.shown(graph.name))"
        error.add(
          ONNXProblem(
            .malformed, "nothing gives the output \(ONNXProblem.shown(output.name))\(place)"))
      }
    }
    around.removeLast()
    if isMain { checkNames(of: graph) }
    var order = NodeOrder(needs)
    order.find()
    for cycle in order.cycles { error.add(Self.problem(cycle.map { nodes[$0] })) }
    let inputs = givenInputs(of: graph, isMain: isMain)
    return ONNXGraph(
      name: graph.name, nodes: order.sorted.map { nodes[$0] }, initializers: graph.initializers,
      inputs: inputs, outputs: graph.outputs, valueInfos: graph.valueInfos,
      outerNames: outer.names)
  }

  /// The inputs that no initializer fills. Those of a graph within a node are told apart by their
  /// place, so that none can be filled.
  private mutating func givenInputs(of graph: ONNXGraph, isMain: Bool) -> [ONNXValueInfo] {
    let filled = Set(graph.initializers.map(\.name))
    if isMain { return graph.inputs.filter { !filled.contains($0.name) } }
    for input in graph.inputs where filled.contains(input.name) {
      twice(input.name, "an input and an initializer of a graph within a node are called")
    }
    return graph.inputs
  }

  /// Resolves the graphs within a node; also gives the names that they take from outside.
  private mutating func resolveGraphs(of node: ONNXNode) -> (ONNXNode, [String]) {
    if node.attributes.isEmpty { return (node, []) }
    var names: [String] = []
    var attributes = node.attributes
    for (name, attribute) in node.attributes.sorted(by: { $0.key < $1.key }) {
      let graphs: [ONNXGraph]
      switch attribute {
      case .graph(let graph):
        graphs = [resolve(graph)]
        attributes[name] = .graph(graphs[0])
      case .graphs(let written):
        graphs = written.map { resolve($0) }
        attributes[name] = .graphs(graphs)
      case .float, .int, .string, .tensor, .type, .floats, .ints, .strings, .tensors, .types:
        continue
      }
      names += graphs.flatMap(\.outerNames)
    }
    return (node.with(attributes: attributes), names)
  }

  private enum Origin {
    /// An input or an initializer.
    case given
    case node(Int)
  }

  /// Where the graph's own values come from; notes those that have two origins.
  private mutating func origins(_ graph: ONNXGraph) -> [String: Origin] {
    var origins: [String: Origin] = [:]
    origins.reserveCapacity(graph.initializers.count + graph.nodes.count)
    for input in graph.inputs where origins.updateValue(.given, forKey: input.name) != nil {
      twice(input.name, "two inputs are called")
    }
    var filled: Set<String> = []
    for tensor in graph.initializers {
      origins[tensor.name] = .given
      if !filled.insert(tensor.name).inserted {
        twice(tensor.name, "two initializers are called")
      }
    }
    if origins[""] != nil {
      error.add(ONNXProblem(.malformed, "an input or initializer has no name"))
    }
    for (index, node) in graph.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty {
        guard let other = origins.updateValue(.node(index), forKey: output) else { continue }
        origins[output] = other
        let giver: String
        switch other {
        case .given: giver = "an input or initializer"
        case .node(let first) where first == index: giver = "another of its outputs"
        case .node(let first):
          let node = graph.nodes[first]
          giver = "node \(ONNXProblem.shown(node.label)) (\(node.qualifiedOperation))"
        }
        error.add(
          node.problem(
            .malformed, "its output \(ONNXProblem.shown(output)) is given by \(giver) too"))
      }
    }
    return origins
  }

  private mutating func twice(_ name: String, _ what: String) {
    error.add(ONNXProblem(.malformed, "\(what) \(ONNXProblem.shown(name))"))
  }

  /// A model's outputs are told apart by their names; a branch's are by their place.
  private mutating func checkNames(of graph: ONNXGraph) {
    var names: Set<String> = []
    for output in graph.outputs where !names.insert(output.name).inserted {
      twice(output.name, "two outputs are called")
    }
    if graph.outputs.isEmpty { error.add(ONNXProblem(.malformed, "the graph has no outputs")) }
  }

  /// Whether a graph around the present one has a value of that name.
  private func isOutside(_ name: String) -> Bool {
    around.dropLast().contains { $0.contains(name) }
  }

  private static func problem(_ cycle: [ONNXNode]) -> ONNXProblem {
    let shown = cycle.prefix(8).map { ONNXProblem.shown($0.label) }
    let all = shown + (cycle.count > 8 ? ["…"] : []) + shown.prefix(1)
    return cycle[0].problem(
      .malformed, "it waits for itself: \(all.joined(separator: " ← ")) is a cycle")
  }
}

/// Names in the order in which they came first.
private struct OrderedNames {
  private(set) var names: [String] = []
  private var known: Set<String> = []

  mutating func insert(_ name: String) {
    if known.insert(name).inserted { names.append(name) }
  }
}
