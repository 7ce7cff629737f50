import Models
import Testing

@testable import Inference

@Suite struct TreeEnsembleTests {
  private func doubles(_ values: [Double]) -> ONNXAttribute {
    .tensor(
      ONNXTensor(
        name: "", elementType: .double, shape: [values.count],
        bytes: values.flatMap { value in
          (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }))
  }

  /// Numbers that stand in tensors, as trees of doubles have them.
  @Test func treesOfDoublesAreComputed() throws {
    let leaf = Array("LEAF".utf8)
    let node = GraphSamples.node(
      "TreeEnsembleRegressor", ["x"], domain: "ai.onnx.ml",
      attributes: [
        "nodes_treeids": .ints([0, 0, 0]), "nodes_nodeids": .ints([0, 1, 2]),
        "nodes_featureids": .ints([0, 0, 0]),
        "nodes_modes": .strings([Array("BRANCH_LEQ".utf8), leaf, leaf]),
        "nodes_truenodeids": .ints([1, 0, 0]), "nodes_falsenodeids": .ints([2, 0, 0]),
        "nodes_values_as_tensor": doubles([0.5, 0, 0]),
        "target_treeids": .ints([0, 0]), "target_nodeids": .ints([1, 2]),
        "target_ids": .ints([0, 0]), "target_weights_as_tensor": doubles([-2, 3]),
        "base_values_as_tensor": doubles([0.25]),
      ])
    let plan = try GraphSamples.plan([node], x: [.unknown, .fixed(1)])
    let x = try GraphSamples.floats([2, 1], [0.5, 0.75])
    #expect(
      try GraphSamples.read(plan.run([x], GraphSamples.context)).values == [-1.75, 3.25])
  }
}
