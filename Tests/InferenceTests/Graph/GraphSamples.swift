import Models

@testable import Inference

/// Graphs and values for tests.
enum GraphSamples {
  static let budget = MemoryBudget(limit: 1 << 24, elementLimit: 1 << 20)
  static let context = GraphContext(budget: budget)

  static func node(
    _ operation: String, _ inputs: [String], _ outputs: [String] = ["y"], domain: String = "",
    version: Int? = nil, attributes: [String: ONNXAttribute] = [:]
  ) -> ONNXNode {
    ONNXNode(
      name: "it", domain: domain, operation: operation,
      version: version ?? (domain.isEmpty ? 17 : 3), inputs: inputs, outputs: outputs,
      attributes: attributes)
  }

  static func ints(_ name: String, _ values: [Int64]) -> ONNXTensor {
    ONNXTensor(
      name: name, elementType: .int64, shape: [values.count],
      bytes: values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      })
  }

  /// From "x" to "y", floats.
  static func plan(
    _ nodes: [ONNXNode], x shape: [ONNXDimension]?, constants: [ONNXTensor] = []
  ) throws -> GraphPlan {
    let graph = ONNXGraph(
      name: "test", nodes: nodes, initializers: constants,
      inputs: [ONNXValueInfo(name: "x", type: .tensor(.float, shape: shape))],
      outputs: [ONNXValueInfo(name: "y", type: nil)])
    return try GraphBuilder(registry: .standard, budget: budget).plan(graph)
  }

  static func floats(_ shape: [Int], _ values: [Float]) throws -> GraphValue {
    .tensor(try context.floats(shape, values))
  }

  /// The shape and the values of an answer of floats.
  static func read(_ values: [GraphValue]) throws -> (shape: [Int], values: [Float]) {
    let tensor = try GraphInputs(values).tensor(0, .float)
    return (tensor.shape, tensor.values(Float.self).array)
  }
}
