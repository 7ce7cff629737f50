/// One time series: something that counts, and can say what it has counted.
package protocol Metric: AnyObject, Sendable {
  /// Its type as the text format names it.
  static var kind: MetricKind { get }
  /// Writes its samples under `name` with `labels`.
  func expose(_ name: String, _ labels: LabelSet, into text: inout Exposition)
}

/// Metric types of the Prometheus text format.
package enum MetricKind: String, Sendable { case counter, gauge, histogram }

/// Label names and the values of one series, in order.
package struct LabelSet: Sendable {
  package let names: [String]
  package let values: [String]
}
