/// Why a graph cannot be planned or computed.
package struct GraphError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The node's name and its operator; empty until the plan adds it.
  package var node = ""
  package let reason: String

  package init(_ reason: String) { self.reason = reason }

  package var description: String { node.isEmpty ? reason : "\(node): \(reason)" }
}
