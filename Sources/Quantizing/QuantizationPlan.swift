internal import Models

/// Which values of a graph become 8-bit integers, and which weights.
struct QuantizationPlan {
  /// A convolution or product whose weights become integers.
  struct Layer {
    /// The node's place in the graph.
    let node: Int
    let input: String
    let weight: String
    /// The axis of the weights on which each output has its place, and its scale.
    let axis: Int
    let bias: String?
  }

  private(set) var layers: [Layer] = []
  /// Names of the values, in the order in which they are there.
  private(set) var values: [String] = []
  /// Of a value that holds numbers of another one, in another order or fewer: that one. They share
  /// scale and zero point.
  private(set) var origins: [String: String] = [:]

  private let graph: ONNXGraph
  private let constants: [String: ONNXTensor]
  private let uses: GraphUses
  private var known: Set<String> = []

  /// Of one input, and of nothing but numbers that stand in it.
  private static let passing: Set = [
    "Flatten", "Identity", "MaxPool", "Reshape", "Squeeze", "Transpose", "Unsqueeze",
  ]
  private static let clipping: Set = ["Clip", "Relu"]
  private static let averaging: Set = ["AveragePool", "GlobalAveragePool"]
  private static let products: Set = ["Gemm", "MatMul"]
  private static let all = passing.union(clipping).union(averaging).union(products)
    .union(["Add", "Conv"])

  init(_ graph: ONNXGraph) {
    self.graph = graph
    constants = graph.constants
    uses = GraphUses(graph)
    for (index, node) in graph.nodes.enumerated() where node.domain.isEmpty { take(index, node) }
  }

  /// The name of the value whose numbers a value holds.
  func origin(of name: String) -> String {
    var name = name
    while let origin = origins[name] { name = origin }
    return name
  }

  private mutating func take(_ index: Int, _ node: ONNXNode) {
    guard let output = node.output(0) else { return }
    if let layer = layer(index, node) {
      layers.append(layer)
      add(layer.input)
      addResult(output, isProduct: Self.products.contains(node.operation))
      return
    }
    // Values that are integers anyway stay so; none is made one for these alone.
    guard node.inputs.first.map(known.contains) ?? false else { return }
    if node.operation == "Add" {
      if node.inputs.allSatisfy(known.contains) { addResult(output) }
    } else if Self.averaging.contains(node.operation) {
      addResult(output)
    } else if Self.clipping.contains(node.operation) {
      add(output)
    } else if Self.passing.contains(node.operation),
      node.outputs.dropFirst().allSatisfy(\.isEmpty)
    {
      add(output)
      origins[output] = node.inputs[0]
    }
  }

  private mutating func add(_ name: String) {
    if known.insert(name).inserted { values.append(name) }
  }

  /// The result of a node or, where nobody else takes it, what Relu or Clip make of it: the
  /// integers begin behind those.
  private mutating func addResult(_ output: String, isProduct: Bool = false) {
    if let next = uses.onlyTaker(of: output).map({ graph.nodes[$0] }), next.domain.isEmpty,
      Self.clipping.contains(next.operation), next.inputs[0] == output,
      next.inputs.dropFirst().allSatisfy({ $0.isEmpty || constants[$0] != nil }),
      let clipped = next.output(0)
    {
      add(clipped)
      return
    }
    // What a product gives at the end stays as finely graded as it is.
    let isTaken = (uses.takers[output] ?? []).contains {
      graph.nodes[$0].domain.isEmpty && Self.all.contains(graph.nodes[$0].operation)
    }
    if !isProduct || isTaken { add(output) }
  }

  private func layer(_ index: Int, _ node: ONNXNode) -> Layer? {
    guard let input = node.input(0), constants[input] == nil, let weight = node.input(1),
      let tensor = constants[weight], tensor.elementType == .float, tensor.elementCount > 0
    else { return nil }
    let axis: Int
    switch node.operation {
    case "Conv": axis = 0
    case "MatMul": axis = 1
    case "Gemm":
      guard (try? node.float("alpha", default: 1)) == 1, (try? node.float("beta", default: 1)) == 1,
        (try? node.flag("transA", default: false)) == false,
        let isTransposed = try? node.flag("transB", default: false)
      else { return nil }
      axis = isTransposed ? 0 : 1
    default: return nil
    }
    guard node.operation == "Conv" || tensor.shape.count == 2 else { return nil }
    let bias = node.input(2)
    if let bias {
      guard let found = constants[bias], found.elementType == .float,
        found.elementCount == tensor.shape[axis], found.shape.last == found.elementCount
      else { return nil }
    }
    return Layer(node: index, input: input, weight: weight, axis: axis, bias: bias)
  }
}
