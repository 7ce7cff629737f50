/// What a model may use. The reader asks for every node and type, so that a refusal lists them all.
package protocol ONNXSupport: Sendable {
  /// Why a node cannot be computed (its operator, version or attributes); nil if it can. Asked for
  /// nodes of the operator sets that the reader knows.
  func refusal(of node: ONNXNode) -> String?

  /// Whether tensors of the type can be computed with.
  func supports(_ type: ONNXElementType) -> Bool
}

/// All that can be read, whether or not anybody computes it.
package struct ONNXEverything: ONNXSupport {
  package init() {}
  package func refusal(of node: ONNXNode) -> String? { nil }
  package func supports(_ type: ONNXElementType) -> Bool { true }
}
