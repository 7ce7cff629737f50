internal import Synchronization

/// All series of one name: a child for each combination of label values, up to a bound.
///
/// Finding a child takes a lock and hashes the values: a hot path keeps the child.
package final class Family<Child: Metric>: Sendable {
  package let name: String
  package let help: String
  package let labels: [String]
  /// Children at most; combinations beyond share one whose values all read `other`.
  package let bound: Int
  private let make: @Sendable () -> Child
  private let children = Mutex<[[String]: Child]>([:])

  init(
    name: String, help: String, labels: [String], bound: Int,
    make: @escaping @Sendable () -> Child
  ) {
    self.name = name
    self.help = help
    self.labels = labels
    self.bound = bound
    self.make = make
  }

  /// The series with these label values, as many as there are labels.
  package func with(_ values: String...) -> Child {
    precondition(values.count == labels.count, "\(name) has the labels \(labels)")
    return children.withLock { children in
      if let child = children[values] { return child }
      let kept = children.count < bound ? values : labels.map { _ in "other" }
      if let child = children[kept] { return child }
      let child = make()
      children[kept] = child
      return child
    }
  }

  /// How many series there are.
  package var count: Int { children.withLock { $0.count } }
}

extension Family: Exposed {
  func expose(into text: inout Exposition) {
    text.header(name, help, Child.kind)
    // Sorted, so that two readings can be compared line by line.
    let sorted = children.withLock { Array($0) }.sorted { left, right in
      left.key.lexicographicallyPrecedes(right.key)
    }
    for (values, child) in sorted {
      child.expose(name, LabelSet(names: labels, values: values), into: &text)
    }
  }
}
