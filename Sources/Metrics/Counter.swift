internal import Synchronization

/// A number that only grows. Incrementing takes no lock.
package final class Counter: Metric {
  package static var kind: MetricKind { .counter }

  /// What is counted, and as what it is exposed.
  package enum Unit: Sendable {
    case count
    /// Counted in nanoseconds, exposed in seconds.
    case seconds
  }

  private let unit: Unit
  private let total: Stripes

  /// - Parameter stripes: threads that count so often that each wants a place of its own.
  package init(unit: Unit = .count, stripes: Int = 1) {
    self.unit = unit
    total = Stripes(count: stripes, width: 1)
  }

  package var value: UInt64 { total[0] }

  package func increment(by amount: UInt64 = 1, stripe: Int = 0) {
    total.add(amount, at: 0, stripe: stripe)
  }

  package func expose(_ name: String, _ labels: LabelSet, into text: inout Exposition) {
    text.sample(
      name, labels, unit == .count ? "\(value)" : Exposition.number(Double(value) / 1e9))
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
