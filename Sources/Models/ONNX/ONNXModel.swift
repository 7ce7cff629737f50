/// An ONNX model as its file says it, checked but for what single operators ask of their inputs.
///
/// Functions that the file defines are set into the graph where they are called.
package struct ONNXModel: Sendable {
  package let path: String
  package let irVersion: Int
  /// Versions of the operator sets by domain; ai.onnx has the empty name.
  package let opsets: [String: Int]
  /// The program that wrote the file.
  package let producer: String
  package let producerVersion: String
  package let metadata: [String: String]
  package let graph: ONNXGraph

  package init(
    path: String, irVersion: Int, opsets: [String: Int], producer: String = "",
    producerVersion: String = "", metadata: [String: String] = [:], graph: ONNXGraph
  ) {
    self.path = path
    self.irVersion = irVersion
    self.opsets = opsets
    self.producer = producer
    self.producerVersion = producerVersion
    self.metadata = metadata
    self.graph = graph
  }
}
