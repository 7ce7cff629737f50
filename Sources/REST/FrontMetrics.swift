internal import Metrics

/// What the front counts, by name in the process's registry.
final class FrontMetrics: Sendable {
  /// One route's series, found once: by far the most answers are 200.
  private struct RouteMetrics: Sendable {
    let succeeded: Counter
    let seconds: Histogram
  }

  private let limits: Family<Counter>
  private let requests: Family<Counter>
  private let seconds: Family<Histogram>
  private let byRoute: [ObjectIdentifier: RouteMetrics]

  init(_ registry: Registry, routes: [Route]) {
    limits = registry.counters(
      "http_server_limit_reached_total",
      help: "Connections closed by a limit of that name.", labels: ["limit"])
    let requests = registry.counters(
      "http_server_requests_total", help: "Requests that ended.",
      labels: ["route", "method", "status"], bound: 500)
    let seconds = registry.histograms(
      "http_server_request_seconds", help: "Time from a request's line to its end.", unit: .seconds,
      labels: ["route"], bound: 100)
    self.requests = requests
    self.seconds = seconds
    byRoute = Dictionary(
      uniqueKeysWithValues: routes.map { route in
        let path = route.pattern.description
        let metrics = RouteMetrics(
          succeeded: requests.with(path, route.method.rawValue, "200"), seconds: seconds.with(path))
        return (ObjectIdentifier(route), metrics)
      })
  }

  func reached(_ limit: HTTPLimit) { limits.with(limit.rawValue).increment() }

  func ended(_ request: EndedRequest) {
    let known = request.matched.flatMap { byRoute[ObjectIdentifier($0)] }
    if let known, request.status == 200, request.method == request.matched?.method.rawValue {
      known.succeeded.increment()
    } else {
      // Of requests without a route neither path nor method can be trusted to be few.
      let path = request.matched?.pattern.description ?? "none"
      let method = HTTPMethod(rawValue: request.method)?.rawValue ?? "other"
      requests.with(path, method, "\(request.status)").increment()
    }
    (known?.seconds ?? seconds.with("none")).record(request.duration)
  }
}
