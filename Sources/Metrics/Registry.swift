internal import Synchronization

/// A name's worth of exposition.
protocol Exposed: AnyObject, Sendable {
  var name: String { get }
  var labels: [String] { get }
  func expose(into text: inout Exposition)
  /// Lets go of the series that have all of these label values; of none where a label is missing.
  func forget(_ pairs: [String: String])
}

/// Every metric of the process, and their text for Prometheus.
///
/// Names: lower case, the unit at the end, `_total` on counters
/// (https://prometheus.io/docs/practices/naming/).
package final class Registry: Sendable {
  private let exposed = Mutex<[any Exposed]>([])

  package init() {}

  package func counter(_ name: String, help: String) -> Counter {
    counters(name, help: help, labels: [], bound: 1).with()
  }

  package func gauge(_ name: String, help: String) -> Gauge {
    gauges(name, help: help, labels: [], bound: 1).with()
  }

  package func histogram(_ name: String, help: String, unit: Histogram.Unit) -> Histogram {
    histograms(name, help: help, unit: unit, labels: [], bound: 1).with()
  }

  /// - Parameters:
  ///   - bound: series at most; further ones share the labels `other`.
  ///   - unit, stripes: see `Counter`.
  package func counters(
    _ name: String, help: String, labels: [String], bound: Int = 100, unit: Counter.Unit = .count,
    stripes: Int = 1
  ) -> Family<Counter> {
    add(
      Family(name: name, help: help, labels: labels, bound: bound) {
        Counter(unit: unit, stripes: stripes)
      })
  }

  package func gauges(
    _ name: String, help: String, labels: [String], bound: Int = 100
  ) -> Family<Gauge> {
    add(Family(name: name, help: help, labels: labels, bound: bound) { Gauge() })
  }

  package func histograms(
    _ name: String, help: String, unit: Histogram.Unit, detail: Histogram.Detail = .octaves,
    labels: [String], bound: Int = 100, stripes: Int = 1
  ) -> Family<Histogram> {
    add(
      Family(name: name, help: help, labels: labels, bound: bound) {
        Histogram(unit: unit, detail: detail, stripes: stripes)
      })
  }

  /// A value that is read when somebody asks for the text; nil leaves it out.
  package func sampled(
    _ name: String, help: String, kind: MetricKind, _ read: @escaping @Sendable () -> Double?
  ) {
    readings(name, help: help, kind: kind, labels: []) {
      read().map { [Reading([], $0)] } ?? []
    }
  }

  /// Values that are read when somebody asks for the text. Without any, the name is left out.
  package func readings(
    _ name: String, help: String, kind: MetricKind, labels: [String],
    _ read: @escaping @Sendable () -> [Reading]
  ) {
    _ = add(Readings(name: name, labels: labels, help: help, kind: kind, read: read))
  }

  /// A family's histograms under another name too, at the detail of octaves: the same figures, so
  /// that nothing is recorded twice.
  ///
  /// - Parameter values: the label values there, of a series' own; nil leaves it out.
  package func renamed(
    _ family: Family<Histogram>, _ name: String, help: String, labels: [String],
    _ values: @escaping @Sendable ([String]) -> [String]?
  ) {
    _ = add(Renamed(name: name, labels: labels, help: help, family: family, rename: values))
  }

  /// Lets go of every series with all of these label values, under whatever name: what they are of
  /// has gone.
  package func forget(_ pairs: [String: String]) {
    for family in exposed.withLock({ $0 }) { family.forget(pairs) }
  }

  /// The media type of `exposition`.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// The text format, version 0.0.4
  /// (https://prometheus.io/docs/instrumenting/exposition_formats/).
  package func exposition() -> String {
    var text = Exposition()
    for family in exposed.withLock({ $0 }) { family.expose(into: &text) }
    return text.content
  }

  private func add<Added: Exposed>(_ added: Added) -> Added {
    exposed.withLock { exposed in
      precondition(isName(added.name), "\(added.name) is no metric name")
      // `le` is the text format's own, on a histogram's buckets.
      for label in added.labels {
        precondition(
          isName(label) && !label.contains(":") && label != "le", "\(label) is no label name")
      }
      precondition(
        !exposed.contains { $0.name == added.name }, "\(added.name) is registered already")
      exposed.append(added)
    }
    return added
  }

  private func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case 48...57, 65...90, 97...122, UInt8(ascii: "_"), UInt8(ascii: ":"): true
      default: false
      }
    }
  }
}
