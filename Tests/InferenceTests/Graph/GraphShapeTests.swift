import Models
import Testing

@testable import Inference

/// What is said of shapes before anything is computed.
@Suite struct GraphShapeTests {
  private let batch = ONNXDimension.symbolic("batch")

  private func shape(
    _ operation: String, _ x: [ONNXDimension]?, constants: [ONNXTensor] = [],
    _ attributes: [String: ONNXAttribute] = [:]
  ) throws -> [ONNXDimension]? {
    let node = GraphSamples.node(operation, ["x"] + constants.map(\.name), attributes: attributes)
    return try GraphSamples.plan([node], x: x, constants: constants).outputFacts[0].shape
  }

  @Test func openSizesAreKept() throws {
    #expect(try shape("Relu", [batch, .fixed(3)]) == [batch, .fixed(3)])
    #expect(try shape("Relu", nil) == nil)
    #expect(
      try shape("Transpose", [batch, .fixed(3)], ["perm": .ints([1, 0])]) == [.fixed(3), batch])
    #expect(
      try shape("ReduceMean", [batch, .fixed(3)], ["axes": .ints([1]), "keepdims": .int(0)])
        == [batch])
  }

  @Test func shapesOutOfConstantsAreFollowed() throws {
    let reshaped = try shape(
      "Reshape", [batch, .fixed(6)], constants: [GraphSamples.ints("s", [0, 2, -1])])
    #expect(reshaped == [batch, .fixed(2), .fixed(3)])
    let sliced = try shape(
      "Slice", [batch, .fixed(6)],
      constants: [
        GraphSamples.ints("starts", [5]), GraphSamples.ints("ends", [0]),
        GraphSamples.ints("axes", [1]), GraphSamples.ints("steps", [-2]),
      ])
    #expect(sliced == [batch, .fixed(3)])
  }

  @Test func windowsAreCounted() throws {
    let attributes: [String: ONNXAttribute] = [
      "kernel_shape": .ints([3, 3]), "strides": .ints([2, 2]), "pads": .ints([1, 1, 1, 1]),
    ]
    let pooled = try shape("MaxPool", [batch, .fixed(8), .fixed(7), .unknown], attributes)
    #expect(pooled == [batch, .fixed(8), .fixed(4), .unknown])
  }

  @Test func stretchingIsSymbolic() throws {
    let a: [ONNXDimension] = [batch, .fixed(1), .unknown]
    #expect(try a.stretched(to: [.fixed(5), .fixed(1)]) == [batch, .fixed(5), .unknown])
    #expect(
      try a.stretched(to: [.symbolic("other"), .fixed(2), .fixed(4)])
        == [.unknown, .fixed(2), .fixed(4)])
    #expect(throws: GraphError.self) { try [ONNXDimension.fixed(2)].stretched(to: [.fixed(3)]) }
  }

  @Test func whatNeverFitsIsRefusedAtLoad() {
    let weights = ONNXTensor(
      name: "w", elementType: .float, shape: [4, 2], bytes: Array(repeating: 0, count: 32))
    let error = #expect(throws: GraphError.self) {
      _ = try shape("MatMul", [batch, .fixed(3)], constants: [weights])
    }
    #expect(error?.description == "node it (MatMul): sizes 3 and 4 must be the same")
  }
}
