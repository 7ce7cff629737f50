internal import Inference
internal import Models

/// Computes a graph on samples and takes note of what becomes of some of its values.
struct Calibration {
  private let plan: GraphPlan
  private let context: GraphContext
  private let names: [String]
  private(set) var histograms: [ValueHistogram]

  /// - Parameter names: of values of the model's graph.
  init(_ model: ONNXModel, names: [String], _ context: GraphContext) throws {
    let graph = model.graph
    self.names = names
    self.context = context
    histograms = Array(repeating: ValueHistogram(), count: names.count)
    plan = try GraphPlan(
      model.with(
        ONNXGraph(
          name: graph.name, nodes: graph.nodes, initializers: graph.initializers,
          inputs: graph.inputs, outputs: names.map { ONNXValueInfo(name: $0, type: nil) },
          outerNames: graph.outerNames)), budget: context.budget)
  }

  mutating func add(_ inputs: [GraphValue]) throws {
    for (index, value) in try plan.run(inputs, context).enumerated() {
      guard case .tensor(let tensor) = value, tensor.elementType == .float else {
        throw QuantizationError("\(ONNXProblem.shown(names[index])) is no tensor of 32-bit floats")
      }
      let numbers = tensor.values(Float.self)
      histograms[index].add(numbers.count) { numbers[$0] }
      guard !histograms[index].isBroken else {
        throw QuantizationError(
          "\(ONNXProblem.shown(names[index])) is not finite on this sample: it is not what the "
            + "model was made for, or the model is broken")
      }
    }
  }
}

extension ONNXModel {
  /// The same model with another graph.
  func with(_ graph: ONNXGraph, producer: String? = nil) -> ONNXModel {
    ONNXModel(
      path: path, irVersion: irVersion, opsets: opsets, producer: producer ?? self.producer,
      producerVersion: producer == nil ? producerVersion : "", metadata: metadata, graph: graph)
  }
}
