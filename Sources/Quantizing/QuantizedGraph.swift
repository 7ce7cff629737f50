internal import Models

/// Writes the graph anew, each planned value through QuantizeLinear and DequantizeLinear: the form
/// that runtimes take for static quantization, and join to operators on integers.
struct QuantizedGraph {
  private let graph: ONNXGraph
  private let version: Int
  private let grids: [String: IntegerGrid]
  private var names: FreeNames
  private var nodes: [ONNXNode] = []
  private var tensors: [ONNXTensor] = []
  /// What nodes take in place of a value.
  private var replaced: [String: String] = [:]
  /// What nodes give in place of a value that callers get.
  private var renamed: [String: String] = [:]

  /// - Parameters:
  ///   - version: of the operator set ai.onnx.
  ///   - grids: of each planned value.
  static func make(
    _ graph: ONNXGraph, version: Int, _ plan: QuantizationPlan, _ grids: [String: IntegerGrid]
  ) throws(QuantizationError) -> ONNXGraph {
    var work = QuantizedGraph(graph, version, grids)
    return try work.make(plan)
  }

  private init(_ graph: ONNXGraph, _ version: Int, _ grids: [String: IntegerGrid]) {
    self.graph = graph
    self.version = version
    self.grids = grids
    names = FreeNames(graph)
  }

  private mutating func make(_ plan: QuantizationPlan) throws(QuantizationError) -> ONNXGraph {
    let layers = Dictionary(uniqueKeysWithValues: plan.layers.map { ($0.node, $0) })
    let constants = graph.constants
    for input in graph.inputs { insert(input.name) }
    for (index, node) in graph.nodes.enumerated() {
      var inputs = node.inputs.map { replaced[$0] ?? $0 }
      if let layer = layers[index] {
        let (weight, bias) = try weights(layer, constants)
        inputs[1] = weight
        if let bias { inputs[2] = bias }
      }
      for name in node.outputs where grids[name] != nil && isOutput(name) {
        renamed[name] = free("\(name)_float")
      }
      nodes.append(
        ONNXNode(
          name: node.name, domain: node.domain, operation: node.operation, version: node.version,
          inputs: inputs, outputs: node.outputs.map { renamed[$0] ?? $0 },
          attributes: node.attributes))
      for name in node.outputs { insert(name) }
    }
    return graph.with(nodes: nodes, adding: tensors)
  }

  private func isOutput(_ name: String) -> Bool { graph.outputs.contains { $0.name == name } }

  private mutating func free(_ wanted: String) -> String { names.next(wanted) }

  /// The two nodes behind a value, if it is planned.
  private mutating func insert(_ name: String) {
    guard let grid = grids[name] else { return }
    let scale = free("\(name)_scale")
    let zero = free("\(name)_zero_point")
    let quantized = free("\(name)_quantized")
    let result = renamed[name] == nil ? free("\(name)_dequantized") : name
    tensors.append(.floats(scale, [], [grid.scale]))
    tensors.append(
      ONNXTensor(
        name: zero, elementType: grid.type, shape: [],
        bytes: [UInt8(truncatingIfNeeded: grid.zero)]))
    append("QuantizeLinear", [renamed[name] ?? name, scale, zero], quantized)
    append("DequantizeLinear", [quantized, scale, zero], result)
    replaced[name] = result
  }

  private mutating func append(
    _ operation: String, _ inputs: [String], _ output: String, axis: Int? = nil
  ) {
    nodes.append(
      ONNXNode(
        name: free("\(output)_\(operation)"), operation: operation, version: version,
        inputs: inputs, outputs: [output],
        attributes: axis.map { ["axis": .int(Int64($0))] } ?? [:]))
  }

  /// The weights and the bias of a layer as integers; the names of what they are as floats again.
  private mutating func weights(
    _ layer: QuantizationPlan.Layer, _ constants: [String: ONNXTensor]
  ) throws(QuantizationError) -> (weight: String, bias: String?) {
    guard let tensor = constants[layer.weight], let floats = tensor.floats(),
      let input = grids[layer.input]
    else { throw QuantizationError("the weights \(shown(layer.weight)) cannot be read") }
    let bias = layer.bias.flatMap { constants[$0]?.floats() }
    guard (floats + (bias ?? [])).allSatisfy(\.isFinite) else {
      throw QuantizationError("the weights \(shown(layer.weight)) are not finite")
    }
    let made = IntegerWeights(
      floats, shape: tensor.shape, axis: layer.axis, bias: bias, inputScale: input.scale)
    let count = made.scales.count
    let (quantized, scale) = (free("\(layer.weight)_quantized"), free("\(layer.weight)_scale"))
    let zero = free("\(layer.weight)_zero_point")
    tensors.append(
      ONNXTensor(name: quantized, elementType: .int8, shape: tensor.shape, bytes: made.values))
    tensors.append(.floats(scale, [count], made.scales))
    tensors.append(
      ONNXTensor(
        name: zero, elementType: .int8, shape: [count], bytes: Array(repeating: 0, count: count)))
    let weight = free("\(layer.weight)_dequantized")
    append("DequantizeLinear", [quantized, scale, zero], weight, axis: layer.axis)
    guard let name = layer.bias, let integers = made.bias else { return (weight, nil) }
    let (sums, sumScale) = (free("\(name)_quantized"), free("\(name)_scale"))
    tensors.append(.int32s(sums, [count], integers))
    tensors.append(.floats(sumScale, [count], made.scales.map { $0 * input.scale }))
    let result = free("\(name)_dequantized")
    append("DequantizeLinear", [sums, sumScale], result, axis: 0)
    return (weight, result)
  }

  private func shown(_ name: String) -> String { ONNXProblem.shown(name) }
}
