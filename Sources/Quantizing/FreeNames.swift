internal import Models

/// Names that nothing has yet in a graph or in those within its nodes; each is given once.
struct FreeNames {
  private var taken: Set<String> = []

  init(_ graph: ONNXGraph) { take(graph) }

  private mutating func take(_ graph: ONNXGraph) {
    taken.formUnion(graph.initializers.map(\.name))
    taken.formUnion(graph.inputs.map(\.name))
    taken.formUnion(graph.outputs.map(\.name))
    for node in graph.nodes {
      taken.insert(node.name)
      taken.formUnion(node.inputs)
      taken.formUnion(node.outputs)
      for attribute in node.attributes.values {
        switch attribute {
        case .graph(let inner): take(inner)
        case .graphs(let inner): for graph in inner { take(graph) }
        default: break
        }
      }
    }
  }

  /// The wanted name, with a number behind it where that is taken.
  mutating func next(_ wanted: String) -> String {
    var (name, number) = (wanted, 2)
    while !taken.insert(name).inserted {
      name = "\(wanted)_\(number)"
      number += 1
    }
    return name
  }
}
