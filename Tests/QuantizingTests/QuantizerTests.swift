import Bytes
import Inference
import Models
import Testing

@testable import Quantizing

struct QuantizerTests {
  private func quantized(_ model: ONNXModel, isSigned: Bool = false) throws -> ONNXModel {
    var quantizer = try Quantizer(model, GraphBuilding.context)
    for seed in 1...8 { try quantizer.add(GraphBuilding.input(seed: UInt64(seed))) }
    return try quantizer.quantized(isSigned: isSigned)
  }

  private func operations(_ model: ONNXModel) -> [String: Int] {
    Dictionary(grouping: model.graph.nodes, by: \.operation).mapValues(\.count)
  }

  @Test(arguments: [false, true])
  func answersStayNear(isSigned: Bool) throws {
    let model = GraphBuilding.network()
    let made = try quantized(model, isSigned: isSigned)
    let read = try ONNXModel(
      MappedFile(contents: made.encoded(), name: "int8.onnx"), support: OperatorRegistry.standard)
    var comparison = try OutputComparison(model, read, GraphBuilding.context)
    for seed in UInt64(100)..<120 { try comparison.add(GraphBuilding.input(seed: seed)) }
    // Three outputs of four channels: nothing averages out.
    #expect(comparison.cosine ?? 0 > 0.99)
    #expect(read.graph.inputs == model.graph.inputs && read.graph.outputs == model.graph.outputs)
  }

  @Test func nodesAreThoseOfTheForm() throws {
    let made = try quantized(GraphBuilding.network())
    let counts = operations(made)
    #expect(counts["BatchNormalization"] == nil)
    // x, r1, p1, c2, r2, mean1, flat; not y, whose steps would show.
    #expect(counts["QuantizeLinear"] == 7)
    // The same, and weights and biases of three layers.
    #expect(counts["DequantizeLinear"] == 13)
    let weights = made.graph.initializers.filter { $0.elementType == .float && $0.elementCount > 4 }
    #expect(weights.isEmpty)
    let types = Set(made.graph.initializers.map(\.elementType))
    #expect(types == [.float, .int8, .int32, .uint8])
  }

  @Test func whatCallersGetKeepsItsName() throws {
    var graph = GraphBuilding()
    graph.conv("x", "y", 2, 3)
    let made = try quantized(graph.model("y"))
    #expect(made.graph.nodes.last?.operation == "DequantizeLinear")
    #expect(made.graph.nodes.last?.outputs == ["y"])
    #expect(made.graph.nodes.contains { $0.operation == "Conv" && $0.outputs == ["y_float"] })
  }

  @Test func refusalsSayWhatToDo() throws {
    var old = GraphBuilding()
    old.conv("x", "y", 2, 3)
    var twice = GraphBuilding()
    twice.node("DynamicQuantizeLinear", ["x"], "y")
    var nothing = GraphBuilding()
    nothing.node("Relu", ["x"], "y")
    for (model, words) in [
      (old.model("y", opset: 11), "export it anew"), (twice.model("y"), "quantized already"),
      (nothing.model("y"), "nothing to quantize"),
    ] {
      let error = #expect(throws: QuantizationError.self) {
        try Quantizer(model, GraphBuilding.context)
      }
      #expect(error?.description.contains(words) == true)
    }
    let quantizer = try Quantizer(GraphBuilding.network(), GraphBuilding.context)
    #expect(throws: QuantizationError.self) { try quantizer.quantized() }
  }

  @Test func samplesThatAreNotFiniteAreRefused() throws {
    var quantizer = try Quantizer(GraphBuilding.network(), GraphBuilding.context)
    let values = [Float](repeating: .nan, count: 72)
    let input = try GraphTensor.make(
      .floats("", [1, 2, 6, 6], values), GraphBuilding.context.budget)
    let error = #expect(throws: QuantizationError.self) { try quantizer.add([.tensor(input)]) }
    #expect(error?.description.contains("not finite") == true)
  }
}
