import Bytes
import Foundation
import Models
import TestSupport
import Testing

/// What is written is read again as it was.
struct ONNXWritingTests {
  private static let folders = ["onnx-sklearn/LinearRegression_", "onnx-sklearn/zipmap_names"]

  private func again(_ model: ONNXModel) throws -> ONNXModel {
    try ONNXModel(MappedFile(contents: model.encoded(), name: "again.onnx"))
  }

  private func contents(_ model: ONNXModel) -> [[UInt8]] {
    model.graph.initializers.map { tensor in
      let bytes = tensor.bytes
      return unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
  }

  @Test(arguments: folders)
  func modelsOfOthers(folder: String) throws {
    let model = try ONNXModel(path: "\(Fixture.package)/Tests/Fixtures/\(folder)/model.onnx")
    let read = try again(model)
    #expect(read.opsets == model.opsets && read.irVersion == model.irVersion)
    #expect(read.producer == model.producer && read.metadata == model.metadata)
    #expect(read.graph.inputs == model.graph.inputs && read.graph.outputs == model.graph.outputs)
    #expect(read.graph.nodes.map(\.label) == model.graph.nodes.map(\.label))
    #expect(read.graph.initializers.map(\.name) == model.graph.initializers.map(\.name))
    #expect(contents(read) == contents(model))
    #expect(try read.encoded() == model.encoded())
  }

  /// Of all models here that a file without functions can say: the bytes by which this was right.
  @Test func bytesStayWhatTheyWere() throws {
    let fixtures = "\(Fixture.package)/Tests/Fixtures"
    let names = try #require(Folder.names("\(fixtures)/onnx-sklearn", limit: 1000))
    let files =
      ["control", "operators", "types"].map { "onnx/\($0).onnx" }
      + names.map { "onnx-sklearn/\($0)" }.filter { Folder.exists("\(fixtures)/\($0)") }
      .map { "\($0)/model.onnx" }
    var digest = Digest()
    for file in files {
      for byte in try ONNXModel(path: "\(fixtures)/\(file)").encoded() { digest.add(byte) }
    }
    #expect(files.count == 69)
    #expect(digest.text == "b3a35f941c1a449a")
  }

  @Test func attributesOfEveryKind() throws {
    let tensor = ONNXTensor(name: "t", elementType: .int8, shape: [2], bytes: [1, 255])
    let inner = ONNXGraph(
      name: "inner", nodes: [], initializers: [tensor], inputs: [],
      outputs: [ONNXValueInfo(name: "t", type: nil)])
    let type = ONNXValueType.sequence(
      .map(key: .string, value: .optional(.tensor(.float, shape: [.fixed(3), .symbolic("n")]))))
    let attributes: [String: ONNXAttribute] = [
      "float": .float(-1.5), "int": .int(-7), "string": .string(Array("words".utf8)),
      "tensor": .tensor(tensor), "graph": .graph(inner), "type": .type(type),
      "floats": .floats([1, .infinity]), "ints": .ints([1, -1, 1 << 40]),
      "strings": .strings([[], [255]]), "tensors": .tensors([tensor]), "types": .types([type]),
    ]
    let node = ONNXNode(
      name: "n", operation: "Identity", version: 17, inputs: ["", "x"], outputs: ["y"],
      attributes: attributes)
    let value = ONNXValueType.tensor(.float, shape: [.unknown, .fixed(0)])
    let model = ONNXModel(
      path: "made.onnx", irVersion: 8, opsets: ["": 17], metadata: ["a": "b"],
      graph: ONNXGraph(
        name: "made", nodes: [node], initializers: [],
        inputs: [ONNXValueInfo(name: "x", type: value)],
        outputs: [ONNXValueInfo(name: "y", type: nil)]))
    let read = try again(model)
    #expect(read.graph.nodes[0].inputs == ["", "x"])
    #expect(read.graph.inputs[0].type == value)
    for (name, attribute) in attributes {
      let found = try #require(read.graph.nodes[0].attributes[name])
      #expect("\(found.kind)" == attribute.kind, "\(name)")
    }
    #expect(try read.graph.nodes[0].float("float") == -1.5)
    #expect(try read.graph.nodes[0].ints("ints") == [1, -1, 1 << 40])
    #expect(try read.graph.nodes[0].strings("strings") == [[], [255]])
    guard case .type(let found)? = read.graph.nodes[0].attributes["type"] else {
      Issue.record("no type")
      return
    }
    #expect(found == type)
    #expect(try read.encoded() == model.encoded())
  }

  @Test func versionsThatAFileCannotSayAreRefused() throws {
    let node = ONNXNode(
      name: "n", operation: "Relu", version: 13, inputs: ["x"], outputs: ["y"])
    let model = ONNXModel(
      path: "made.onnx", irVersion: 8, opsets: ["": 17],
      graph: ONNXGraph(name: "made", nodes: [node], initializers: [], inputs: [], outputs: []))
    let error = #expect(throws: ModelError.self) { try model.encoded() }
    #expect(error?.reason.contains("version 13") == true)
  }

  /// A file of nothing but a hole: its pages are never touched.
  @Test func moreThanAFileHoldsIsRefused() throws {
    let folder = try TemporaryFolder()
    try folder.write("weights", [])
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file("weights")))
    let size = 2_200_000_000
    try file.truncate(atOffset: UInt64(size))
    try file.close()
    let tensor = ONNXTensor(
      name: "w", elementType: .uint8, shape: [size],
      data: try MappedFile(path: folder.file("weights")).region)
    let model = ONNXModel(
      path: "large.onnx", irVersion: 8, opsets: ["": 17],
      graph: ONNXGraph(name: "large", nodes: [], initializers: [tensor], inputs: [], outputs: []))
    let error = #expect(throws: ModelError.self) { try model.encoded() }
    #expect(error?.reason.contains("at most 2 GiB") == true)
  }
}
