import Bytes
import Models
import TestSupport
import Testing

/// What `onnx` wrote (tools/golden/make_onnx.py) is read as it was meant.
struct ONNXGoldenTests {
  private func model(_ name: String) throws -> ONNXModel {
    try ONNXModel(path: "\(Fixture.package)/Tests/Fixtures/onnx/\(name)")
  }

  private func bytes(_ tensor: ONNXTensor) -> [UInt8] {
    tensor.bytes.withUnsafeBytes { Array($0) }
  }

  @Test func readsWhatAFileSaysOfItself() throws {
    let model = try model("operators.onnx")
    #expect(model.irVersion == 10)
    #expect(model.opsets == ["": 17, "ai.onnx.ml": 3, "com.microsoft": 1, "unused": 9])
    #expect(model.producer == "make_onnx" && model.producerVersion == "1")
    #expect(model.metadata == ["purpose": "tests"])
    #expect(model.graph.name == "operators")
  }

  @Test func readsTensorsOfEveryTypeTheSameInEveryForm() throws {
    let initializers = try model("types.onnx").graph.initializers
    let tensors = Dictionary(initializers.map { ($0.name, $0) }) { $1 }
    let numbers = ONNXElementType.allCases.filter {
      ![.string, .float6e2m3, .float6e3m2].contains($0)
    }
    for type in numbers {
      let raw = try #require(tensors["raw_\(type.name)"])
      let listed = try #require(tensors["list_\(type.name)"])
      #expect(raw.elementType == type && listed.elementType == type)
      #expect(raw.shape == [5] && raw.elementCount == 5)
      #expect(bytes(raw) == bytes(listed), "\(type.name)")
      #expect(raw.data.count == type.byteCount(of: 5))
    }
    for type in [ONNXElementType.float, .double, .float16, .bfloat16] {
      #expect(tensors["raw_\(type.name)"]?.floats() == [0.5, -2, 1.5, 3, -1])
    }
    for type in [ONNXElementType.int8, .int16, .int32, .int64] {
      #expect(tensors["raw_\(type.name)"]?.int64s() == [1, -2, 127, -128, 0])
      #expect(tensors["raw_\(type.name)"]?.floats() == nil)
    }
    for type in [ONNXElementType.uint8, .uint16, .uint32, .uint64] {
      #expect(tensors["raw_\(type.name)"]?.int64s() == [1, 2, 255, 128, 0])
    }
    #expect(tensors["raw_int4"]?.int64s() == [1, -2, 7, -8, 3])
    #expect(tensors["raw_uint4"]?.int64s() == [1, 2, 15, 8, 3])
    #expect(tensors["raw_bool"]?.bools() == [true, false, true, true, false])
    #expect(tensors["texts"]?.strings == [Array("a".utf8), [], Array("ü".utf8), [255]])
    #expect(tensors["texts"]?.shape == [2, 2])
    #expect(tensors["empty"]?.floats() == [] && tensors["empty"]?.shape == [0, 3])
    #expect(tensors["scalar"]?.floats() == [7] && tensors["scalar"]?.shape == [])
  }

  @Test func leavesRawValuesAndFloatsInTheFile() throws {
    let initializers = try model("types.onnx").graph.initializers
    let file = "\(Fixture.package)/Tests/Fixtures/onnx/types.onnx"
    let mapped = initializers.filter { $0.data.file.path == file }.map(\.name)
    #expect(mapped.filter { $0.hasPrefix("raw_") }.count == 25)
    #expect(
      mapped.filter { $0.hasPrefix("list_") } == [
        "list_float", "list_double", "list_complex64", "list_complex128",
      ])
  }

  @Test func readsGraphsWithinGraphs() throws {
    let graph = try model("control.onnx").graph
    #expect(graph.nodes.map(\.operation) == ["Loop", "Scan"])
    #expect(graph.inputs.map(\.name) == ["x", "count"])
    #expect(graph.inputs[0].type == .tensor(.float, shape: [.symbolic("batch"), .fixed(2)]))
    #expect(graph.inputs[1].type == .tensor(.int64, shape: []))
    #expect(graph.outerNames == [])
    let loop = graph.nodes[0]
    #expect(loop.inputs == ["count", "", "x"] && loop.input(1) == nil && loop.input(3) == nil)
    let body = try #require(try loop.graph("body"))
    #expect(body.inputs.map(\.name) == ["step", "more", "state_in"])
    #expect(body.outerNames == ["x", "bias"])
    let choice = body.nodes[0]
    let branches = [try choice.graph("then_branch"), try choice.graph("else_branch")]
    #expect(branches.map { $0?.outerNames } == [["state_in", "bias"], ["state_in", "x"]])
    #expect(branches[0]?.outputs[0].type == .tensor(.float, shape: nil))
    let scan = graph.nodes[1]
    #expect(try scan.int("num_scan_inputs") == 1)
    #expect(try scan.graph("body")?.outerNames == [])
  }

  @Test func setsFunctionsIn() throws {
    let nodes = try model("function.onnx").graph.nodes
    #expect(
      nodes.map(\.operation) == ["LeakyRelu", "If", "LeakyRelu", "LeakyRelu", "If", "LeakyRelu"])
    #expect(nodes.allSatisfy { $0.domain == "" && $0.version == 16 })
    // The first call's default, what the body says, and the second call's own.
    let slopes = try nodes.compactMap { node in try node.float("alpha") }
    #expect(slopes == [0.25, 0.5, 0.75, 0.5])
    #expect(nodes[0].inputs == ["x"] && nodes[2].outputs == ["middle"])
    #expect(nodes[3].inputs == ["middle"] && nodes[5].outputs == ["y"])
    #expect(nodes[0].outputs != nodes[3].outputs)
    #expect(nodes[1].inputs == ["flag"] && nodes[4].inputs == ["flag"])
    let then = try #require(try nodes[4].graph("then_branch"))
    #expect(then.outerNames == nodes[3].outputs && then.nodes[0].inputs == nodes[3].outputs)
    #expect(then.outputs.map(\.name) == then.nodes[0].outputs)
  }

  @Test func readsAttributesAndTypesOfEveryKind() throws {
    let graph = try model("operators.onnx").graph
    let nodes = Dictionary(graph.nodes.map { ($0.name, $0) }) { $1 }
    #expect(try nodes["scaler"]?.floats("scale") == [2, 4])
    let trees = try #require(nodes["trees"])
    #expect(trees.domain == "ai.onnx.ml" && trees.version == 3)
    #expect(trees.qualifiedOperation == "ai.onnx.ml.TreeEnsembleClassifier")
    #expect(try trees.ints("nodes_truenodeids") == [1, 0, 0])
    #expect(try trees.strings("classlabels_strings") == [Array("no".utf8), Array("yes".utf8)])
    #expect(try trees.text("post_transform") == "NONE")
    let value = try #require(try nodes["constant"]?.tensor("value"))
    #expect(value.shape == [2, 3] && value.int64s() == [0, 1, 2, 3, 4, 5])
    #expect(nodes["quantized"]?.inputs == ["scaled", "w", "w_scale", "w_zero"])
    #expect(
      graph.outputs[1].type == .sequence(.map(key: .string, value: .tensor(.float, shape: []))))
    #expect(graph.outputs[0].type == .tensor(.string, shape: [.unknown]))
    #expect(graph.inputs.map(\.name) == ["x"], "an initializer fills w_scale")
    #expect(graph.valueInfos.map(\.name) == ["hidden"])
  }

  @Test func mapsExternalData() throws {
    let graph = try model("external/model.onnx").graph
    #expect(graph.initializers.map(\.name) == ["w", "axes", "inside"])
    #expect(graph.initializers[0].floats() == [0, 1, 2, 3, 4, 5])
    #expect(graph.initializers[1].int64s() == [7, 8])
    #expect(graph.initializers[2].floats() == [9])
    let files = graph.initializers.map(\.data.file)
    #expect(files[0] === files[1] && files[0] !== files[2])
    #expect(files[0].path.hasSuffix("/onnx/external/data/weights.bin"))
  }
}
