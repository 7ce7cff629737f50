internal import Metrics

/// What the front counts, by name in the process's registry.
final class FrontMetrics: Sendable {
  private let limits: Family<Counter>
  private let requests: Family<Counter>
  private let seconds: Family<Histogram>

  init(_ registry: Registry) {
    limits = registry.counters(
      "http_server_limit_reached_total",
      help: "Connections closed by a limit of that name.", labels: ["limit"])
    requests = registry.counters(
      "http_server_requests_total", help: "Requests that ended.",
      labels: ["route", "method", "status"], bound: 500)
    seconds = registry.histograms(
      "http_server_request_seconds", help: "Time from a request's line to its end.", unit: .seconds,
      labels: ["route"], bound: 100)
  }

  func reached(_ limit: HTTPLimit) { limits.with(limit.rawValue).increment() }

  func ended(_ request: EndedRequest) {
    // Of requests without a route neither path nor method can be trusted to be few.
    let route = request.route.isEmpty ? "none" : request.route
    let method = HTTPMethod(rawValue: request.method)?.rawValue ?? "other"
    requests.with(route, method, "\(request.status)").increment()
    let (whole, fraction) = request.duration.components
    seconds.with(route).record(UInt64(whole) * 1_000_000_000 + UInt64(fraction / 1_000_000_000))
  }
}
