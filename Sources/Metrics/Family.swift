internal import Synchronization

/// All series of one name: a child for each combination of label values, up to a bound.
///
/// Finding a child takes a lock and hashes the values: a hot path keeps the child. One that was
/// forgotten in the meantime counts on, and nobody reads it.
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

  /// Whether there is a series of these label values.
  package func contains(_ values: [String]) -> Bool { children.withLock { $0[values] != nil } }

  /// Every series, sorted by its label values, so that two readings can be compared line by line.
  package var series: [(values: [String], child: Child)] {
    children.withLock { Array($0) }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
      .map { (values: $0.key, child: $0.value) }
  }
}

extension Family: Exposed {
  func expose(into text: inout Exposition) {
    text.header(name, help, Child.kind)
    for (values, child) in series {
      child.expose(name, LabelSet(names: labels, values: values), into: &text)
    }
  }

  func forget(_ pairs: [String: String]) {
    let wanted = labels.map { pairs[$0] }
    guard wanted.count(where: { $0 != nil }) == pairs.count else { return }
    children.withLock { children in
      children = children.filter { values, _ in
        !zip(values, wanted).allSatisfy { value, wanted in wanted == nil || value == wanted }
      }
    }
  }
}
