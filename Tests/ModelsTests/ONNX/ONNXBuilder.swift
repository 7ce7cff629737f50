import Bytes
import Messages
import Models

/// Models for tests, said as shortly as they can be; every field can be wrong on purpose.
enum ONNXBuilder {
  static func model(
    _ graph: Onnx.GraphProto, opsets: [(String, Int64)] = [("", 17), ("ai.onnx.ml", 3)],
    functions: [Onnx.FunctionProto] = []
  ) -> Onnx.ModelProto {
    Onnx.ModelProto(
      irVersion: 8, graph: graph,
      opsetImport: opsets.map { Onnx.OperatorSetIdProto(domain: $0.0, version: $0.1) },
      functions: functions)
  }

  /// A graph from "x" to "y", both floats.
  static func graph(
    _ nodes: [Onnx.NodeProto], initializers: [Onnx.TensorProto] = [], inputs: [String] = ["x"],
    outputs: [String] = ["y"]
  ) -> Onnx.GraphProto {
    Onnx.GraphProto(
      node: nodes, name: "test", initializer: initializers, input: inputs.map { value($0) },
      output: outputs.map { value($0) })
  }

  static func value(_ name: String, type: ONNXElementType = .float) -> Onnx.ValueInfoProto {
    let tensor = Onnx.TypeProto.Tensor(elemType: type.rawValue)
    return Onnx.ValueInfoProto(name: name, type: Onnx.TypeProto(value: .tensorType(tensor)))
  }

  static func node(
    _ operation: String, _ inputs: [String], _ outputs: [String], name: String? = nil,
    domain: String? = nil, _ attributes: Onnx.AttributeProto...
  ) -> Onnx.NodeProto {
    Onnx.NodeProto(
      input: inputs, output: outputs, name: name, opType: operation, attribute: attributes,
      domain: domain)
  }

  static func tensor(
    _ name: String, _ shape: [Int64], _ type: ONNXElementType = .float, raw: [UInt8]
  ) -> Onnx.TensorProto {
    Onnx.TensorProto(dims: shape, dataType: type.rawValue, name: name, rawData: raw)
  }

  static func branch(
    _ name: String, _ nodes: [Onnx.NodeProto], inputs: [String] = [], outputs: [String]
  ) -> Onnx.AttributeProto {
    Onnx.AttributeProto(
      name: name, g: graph(nodes, inputs: inputs, outputs: outputs), type: .graph)
  }

  static func int(_ name: String, _ value: Int64) -> Onnx.AttributeProto {
    Onnx.AttributeProto(name: name, i: value, type: .int)
  }

  /// The smallest model: y is x.
  static let identity = model(graph([node("Identity", ["x"], ["y"], name: "same")]))
}

extension Onnx.ModelProto {
  func with(_ change: (inout Onnx.ModelProto) -> Void) -> Onnx.ModelProto {
    var copy = self
    change(&copy)
    return copy
  }

  func read(
    path: String = "test.onnx", _ support: some ONNXSupport = ONNXEverything()
  ) throws(ONNXError) -> ONNXModel {
    try ONNXModel(MappedFile(contents: encoded(), name: path), support: support)
  }

  /// What is wrong with it.
  func problems(
    path: String = "test.onnx", _ support: some ONNXSupport = ONNXEverything()
  ) -> [String] {
    do throws(ONNXError) {
      _ = try read(path: path, support)
      return []
    } catch { return error.problems.map(\.description) }
  }
}
