/// Why a graph cannot be planned or computed.
package struct GraphError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What a run may take, and who it is for.
  package enum Bound: Sendable, Equatable { case memory, time, steps, interest }

  /// The node's name and its operator; empty until the plan adds it.
  package var node = ""
  /// Those of the graph that the node reads, with their shapes.
  package var inputs: [String] = []
  package let reason: String
  /// Whether it is nothing wrong, but nothing that is computed.
  package let isUnsupported: Bool
  /// What there was no more of, where it is only that.
  package private(set) var bound: Bound?

  package init(_ reason: String, isUnsupported: Bool = false) {
    self.reason = reason
    self.isUnsupported = isUnsupported
  }

  static func unsupported(_ reason: String) -> GraphError {
    GraphError(reason, isUnsupported: true)
  }

  static func bound(_ reason: String, _ bound: Bound) -> GraphError {
    var error = GraphError(reason)
    error.bound = bound
    return error
  }

  package var description: String {
    let node = inputs.isEmpty ? node : "\(node), which reads \(inputs.joined(separator: ", "))"
    return node.isEmpty ? reason : "\(node): \(reason)"
  }
}
