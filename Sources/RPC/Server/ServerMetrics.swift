internal import Messages
package import Metrics

/// What a server counts, by name in the process's registry.
package final class ServerMetrics: Sendable {
  let connections: Gauge
  /// Streams refused because of the limits on calls.
  let refused: Counter
  /// Requests answered on account of their head, without a call.
  let rejected: Counter
  /// Connections ended because the client broke the protocol or flooded.
  let violations: Counter
  private let calls: Family<Counter>
  private let seconds: Family<Histogram>

  package init(_ registry: Registry) {
    connections = registry.gauge("rpc_server_connections", help: "Open connections.")
    refused = registry.counter(
      "rpc_server_refused_streams_total", help: "Streams refused by the limits on calls.")
    rejected = registry.counter(
      "rpc_server_rejected_requests_total", help: "Requests answered without a call.")
    violations = registry.counter(
      "rpc_server_violations_total", help: "Connections ended for what their client did.")
    calls = registry.counters(
      "rpc_server_calls_total", help: "Calls that ended.", labels: ["method", "code"], bound: 1_000)
    seconds = registry.histograms(
      "rpc_server_call_seconds", help: "Time from a call's head to its end.", unit: .seconds,
      labels: ["method"], bound: 200)
  }

  func method(_ path: String) -> MethodMetrics {
    MethodMetrics(
      path: path, calls: calls, succeeded: calls.with(path, "0"), seconds: seconds.with(path))
  }
}

/// One method's series, found once.
struct MethodMetrics: Sendable {
  let path: String
  let calls: Family<Counter>
  let succeeded: Counter
  let seconds: Histogram

  func ended(_ code: Status.Code, nanoseconds: UInt64) {
    (code == .ok ? succeeded : calls.with(path, "\(code.rawValue)")).increment()
    seconds.record(nanoseconds)
  }
}
