/// Why a graph cannot be planned or computed.
package struct GraphError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The node's name and its operator; empty until the plan adds it.
  package var node = ""
  package let reason: String
  /// Whether it is nothing wrong, but nothing that is computed.
  package let isUnsupported: Bool
  /// Whether it is only that there is no memory left to take.
  package var isShortage = false

  package init(_ reason: String, isUnsupported: Bool = false) {
    self.reason = reason
    self.isUnsupported = isUnsupported
  }

  static func unsupported(_ reason: String) -> GraphError {
    GraphError(reason, isUnsupported: true)
  }

  package var description: String { node.isEmpty ? reason : "\(node): \(reason)" }
}
