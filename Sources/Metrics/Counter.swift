import Synchronization

/// A number that only grows. Incrementing takes no lock.
package final class Counter: Metric {
  package static var kind: MetricKind { .counter }
  private let total = Atomic<UInt64>(0)

  package init() {}

  package var value: UInt64 { total.load(ordering: .relaxed) }

  package func increment(by amount: UInt64 = 1) {
    total.wrappingAdd(amount, ordering: .relaxed)
  }

  package func expose(_ name: String, _ labels: LabelSet, into text: inout Exposition) {
    text.sample(name, labels, "\(value)")
  }
}

/// A number that rises and falls. Changing it takes no lock.
package final class Gauge: Metric {
  package static var kind: MetricKind { .gauge }
  private let current = Atomic<Int64>(0)

  package init() {}

  package var value: Int64 { current.load(ordering: .relaxed) }

  package func set(_ value: Int64) { current.store(value, ordering: .relaxed) }

  package func add(_ amount: Int64) { current.wrappingAdd(amount, ordering: .relaxed) }

  package func expose(_ name: String, _ labels: LabelSet, into text: inout Exposition) {
    text.sample(name, labels, "\(value)")
  }
}
