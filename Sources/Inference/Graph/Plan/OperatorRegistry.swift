package import Models

/// The operators that are computed, by domain and name.
package struct OperatorRegistry: Sendable {
  private let entries: [String: [OperatorEntry]]

  package init(_ entries: [OperatorEntry]) {
    self.entries = Dictionary(grouping: entries) { Self.key($0.domain, $0.name) }
  }

  private static func key(_ domain: String, _ name: String) -> String { domain + ":" + name }

  func entry(for node: ONNXNode) -> OperatorEntry? {
    entries[Self.key(node.domain, node.operation)]?.first { $0.versions ~= node.version }
  }

  /// All of them, by domain and name.
  package var all: [OperatorEntry] {
    entries.values.flatMap(\.self).sorted {
      ($0.domain, $0.name, $0.versions.lowerBound) < ($1.domain, $1.name, $1.versions.lowerBound)
    }
  }
}

/// What the reader of models asks: operators are refused by name and version here, and by what
/// their maker says of attributes.
extension OperatorRegistry: ONNXSupport {
  package func refusal(of node: ONNXNode) -> String? {
    guard let entry = entry(for: node) else {
      return "the operator is not computed"
        + (node.domain.isEmpty ? " in version \(node.version)" : "")
    }
    // Its graphs are read on their own; only what stands in the node itself is asked for.
    if node.hasGraphs { return nil }
    do {
      _ = try entry.make(node, GraphBuilder(registry: self, budget: MemoryBudget()))
      return nil
    } catch let problem as ONNXProblem {
      return problem.reason
    } catch {
      return "\(error)"
    }
  }

  package func supports(_ type: ONNXElementType) -> Bool {
    type == .string || type.storedSize != nil && type != .float8e8m0
  }
}
