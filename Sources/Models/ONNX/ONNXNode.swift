/// One operation of a graph.
package struct ONNXNode: Sendable {
  /// As the file has it, which may be empty; `label` is for messages.
  package let name: String
  /// Of the operator; empty for ai.onnx.
  package let domain: String
  /// The operator's name: `MatMul`.
  package let operation: String
  /// The version of the operator set that the operator is taken from.
  package let version: Int
  /// Names of values; empty where an optional input is left out.
  package let inputs: [String]
  /// Names of values; empty where nobody wants the output.
  package let outputs: [String]
  package let attributes: [String: ONNXAttribute]

  package init(
    name: String, domain: String = "", operation: String, version: Int, inputs: [String],
    outputs: [String], attributes: [String: ONNXAttribute] = [:]
  ) {
    self.name = name
    self.domain = domain
    self.operation = operation
    self.version = version
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
  }

  /// Its name or, where it has none, its first output's.
  package var label: String {
    name.isEmpty ? outputs.first { !$0.isEmpty } ?? "" : name
  }

  /// The operator with its domain, unless that is ai.onnx: `com.microsoft.QAttention`.
  package var qualifiedOperation: String {
    domain.isEmpty ? operation : "\(domain).\(operation)"
  }

  /// Whether graphs stand in it: the branches of an If, the body of a Loop.
  package var hasGraphs: Bool {
    attributes.values.contains { if case .graph = $0 { true } else { false } }
  }

  /// The name of an input; nil where it is left out.
  package func input(_ index: Int) -> String? {
    index < inputs.count && !inputs[index].isEmpty ? inputs[index] : nil
  }

  /// The name of an output; nil where nobody wants it.
  package func output(_ index: Int) -> String? {
    index < outputs.count && !outputs[index].isEmpty ? outputs[index] : nil
  }

  /// What is wrong with it.
  package func problem(_ code: ModelError.Code, _ reason: String) -> ONNXProblem {
    ONNXProblem(code, node: label, operation: qualifiedOperation, reason)
  }
}
