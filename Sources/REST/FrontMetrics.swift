internal import Metrics

/// What the front counts, by name in the process's registry.
final class FrontMetrics: Sendable {
  /// Connections ended because a request took too long to come.
  let overdue: Counter
  /// Connections closed on arrival because their address has as many as it may.
  let refused: Counter
  private let requests: Family<Counter>
  private let seconds: Family<Histogram>

  init(_ registry: Registry) {
    overdue = registry.counter(
      "http_server_overdue_connections_total",
      help: "Connections ended because a request or its body did not come in time.")
    refused = registry.counter(
      "http_server_refused_connections_total",
      help: "Connections closed on arrival by the limit on one address.")
    requests = registry.counters(
      "http_server_requests_total", help: "Requests that ended.",
      labels: ["route", "method", "status"], bound: 500)
    seconds = registry.histograms(
      "http_server_request_seconds", help: "Time from a request's line to its end.", unit: .seconds,
      labels: ["route"], bound: 100)
  }

  func ended(_ request: EndedRequest) {
    // Of requests without a route neither path nor method can be trusted to be few.
    let route = request.route.isEmpty ? "none" : request.route
    let method = HTTPMethod(rawValue: request.method)?.rawValue ?? "other"
    requests.with(route, method, "\(request.status)").increment()
    let (whole, fraction) = request.duration.components
    seconds.with(route).record(UInt64(whole) * 1_000_000_000 + UInt64(fraction / 1_000_000_000))
  }
}
