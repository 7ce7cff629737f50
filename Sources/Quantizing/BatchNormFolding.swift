internal import Models

/// Sets batch norms into the convolutions before them: what a channel is scaled and shifted by goes
/// into its weights and its bias.
struct BatchNormFolding {
  private let graph: ONNXGraph
  private let constants: [String: ONNXTensor]
  private let uses: GraphUses
  private var names: FreeNames
  private var added: [ONNXTensor] = []

  static func folded(_ graph: ONNXGraph) -> ONNXGraph {
    var work = BatchNormFolding(graph)
    return work.folded()
  }

  private init(_ graph: ONNXGraph) {
    self.graph = graph
    constants = graph.constants
    uses = GraphUses(graph)
    names = FreeNames(graph)
  }

  private mutating func folded() -> ONNXGraph {
    var nodes: [ONNXNode?] = graph.nodes
    for (index, node) in graph.nodes.enumerated() {
      guard node.domain.isEmpty, node.operation == "Conv", let output = node.output(0),
        let next = uses.onlyTaker(of: output), let joined = joined(node, graph.nodes[next])
      else { continue }
      nodes[index] = joined
      nodes[next] = nil
    }
    return added.isEmpty ? graph : graph.with(nodes: nodes.compactMap(\.self), adding: added)
  }

  /// A convolution that does what a batch norm does behind it; nil where it does not fit.
  private mutating func joined(_ conv: ONNXNode, _ norm: ONNXNode) -> ONNXNode? {
    guard norm.domain.isEmpty, norm.operation == "BatchNormalization", norm.outputs.count == 1,
      norm.input(0) == conv.output(0), let epsilon = try? norm.float("epsilon", default: 1e-5),
      let name = conv.input(1), let tensor = constants[name], let weights = tensor.floats(),
      let outputs = tensor.shape.first, outputs > 0
    else { return nil }
    let parameters = (1...4).compactMap { norm.input($0).flatMap { constants[$0]?.floats() } }
    guard parameters.count == 4, parameters.allSatisfy({ $0.count == outputs }) else { return nil }
    var bias = [Float](repeating: 0, count: outputs)
    if let input = conv.input(2) {
      guard let given = constants[input]?.floats(), given.count == outputs else { return nil }
      bias = given
    }
    let factors = zip(parameters[0], parameters[3]).map { $0 / ($1 + epsilon).squareRoot() }
    let size = weights.count / outputs
    // Two nodes may share weights, and have norms of their own.
    let weight = names.next("\(norm.outputs[0])_folded_weight")
    let sum = names.next("\(norm.outputs[0])_folded_bias")
    added.append(
      .floats(weight, tensor.shape, weights.indices.map { weights[$0] * factors[$0 / size] }))
    added.append(
      .floats(
        sum, [outputs],
        bias.indices.map { (bias[$0] - parameters[2][$0]) * factors[$0] + parameters[1][$0] }))
    return ONNXNode(
      name: conv.name, operation: conv.operation, version: conv.version,
      inputs: [conv.inputs[0], weight, sum], outputs: norm.outputs, attributes: conv.attributes)
  }
}

extension ONNXTensor {
  static func floats(_ name: String, _ shape: [Int], _ values: [Float]) -> ONNXTensor {
    ONNXTensor(
      name: name, elementType: .float, shape: shape, bytes: bytes(values.map(\.bitPattern)))
  }

  static func int32s(_ name: String, _ shape: [Int], _ values: [Int32]) -> ONNXTensor {
    ONNXTensor(
      name: name, elementType: .int32, shape: shape,
      bytes: bytes(values.map { UInt32(bitPattern: $0) }))
  }

  private static func bytes(_ words: [UInt32]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * words.count)
    for word in words {
      for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * UInt32(shift)))) }
    }
    return bytes
  }
}
