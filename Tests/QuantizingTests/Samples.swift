import Bytes
import Inference
import Models
import TestSupport

@testable import Quantizing

/// Graphs and numbers for tests.
struct GraphBuilding {
  private(set) var nodes: [ONNXNode] = []
  private(set) var tensors: [ONNXTensor] = []
  private var generator = SeededGenerator(seed: 7)

  mutating func random(_ name: String, _ shape: [Int], in range: ClosedRange<Float>) -> String {
    let count = shape.reduce(1, *)
    let values = (0..<count).map { _ in Float.random(in: range, using: &generator) }
    tensors.append(.floats(name, shape, values))
    return name
  }

  @discardableResult
  mutating func node(
    _ operation: String, _ inputs: [String], _ output: String,
    _ attributes: [String: ONNXAttribute] = [:]
  ) -> String {
    nodes.append(
      ONNXNode(
        name: "\(output)_node", operation: operation, version: 17, inputs: inputs,
        outputs: [output], attributes: attributes))
    return output
  }

  @discardableResult
  mutating func conv(_ input: String, _ output: String, _ channels: Int, _ outputs: Int) -> String {
    let weight = random("\(output)_w", [outputs, channels, 3, 3], in: -0.5...0.5)
    let bias = random("\(output)_b", [outputs], in: -0.2...0.2)
    return node("Conv", [input, weight, bias], output, ["pads": .ints([1, 1, 1, 1])])
  }

  /// From "x", [n, 2, 6, 6], to the output.
  func model(_ output: String, opset: Int = 17) -> ONNXModel {
    let open: [ONNXDimension] = [.symbolic("n"), .fixed(2), .fixed(6), .fixed(6)]
    return ONNXModel(
      path: "made.onnx", irVersion: 8, opsets: ["": opset],
      graph: ONNXGraph(
        name: "made", nodes: nodes, initializers: tensors,
        inputs: [ONNXValueInfo(name: "x", type: .tensor(.float, shape: open))],
        outputs: [ONNXValueInfo(name: output, type: .tensor(.float, shape: nil))]))
  }

  /// A network as they are: a block with a way around it, pools, and a product at the end.
  static func network() -> ONNXModel {
    var graph = GraphBuilding()
    graph.conv("x", "c1", 2, 4)
    for (name, range) in [
      ("scale", 0.5...2), ("shift", -1...1), ("mean", -0.5...0.5), ("variance", 0.1...2),
    ] as [(String, ClosedRange<Float>)] {
      _ = graph.random(name, [4], in: range)
    }
    graph.node("BatchNormalization", ["c1", "scale", "shift", "mean", "variance"], "bn")
    graph.node("Relu", ["bn"], "r1")
    graph.node("MaxPool", ["r1"], "p1", ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])])
    graph.conv("p1", "c2", 4, 4)
    graph.node("Add", ["c2", "p1"], "sum")
    graph.node("Relu", ["sum"], "r2")
    graph.node("GlobalAveragePool", ["r2"], "mean1")
    graph.node("Flatten", ["mean1"], "flat")
    let weight = graph.random("w", [3, 4], in: -1...1)
    let bias = graph.random("b", [3], in: -1...1)
    graph.node("Gemm", ["flat", weight, bias], "y", ["transB": .int(1)])
    return graph.model("y")
  }

  static let context = GraphContext(budget: MemoryBudget(limit: 1 << 24, elementLimit: 1 << 20))

  /// An input of the network.
  static func input(seed: UInt64) throws -> [GraphValue] {
    var generator = SeededGenerator(seed: seed)
    let values = (0..<72).map { _ in Float.random(in: -1...1, using: &generator) }
    return [.tensor(try .make(.floats("", [1, 2, 6, 6], values), context.budget))]
  }
}
