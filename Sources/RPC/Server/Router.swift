internal import Bytes
internal import Messages

/// A method as a server calls it. A class, as each call passes it around.
final class Route: Sendable {
  let method: MethodHandler
  /// The first is asked first.
  let interceptors: [any Interceptor]
  let metrics: MethodMetrics?

  init(method: MethodHandler, interceptors: [any Interceptor], metrics: MethodMetrics?) {
    self.method = method
    self.interceptors = interceptors
    self.metrics = metrics
  }

  /// - Throws: why a call is not to begin, as its head alone tells.
  func admit(_ context: CallContext) throws(Status) {
    for interceptor in interceptors { try interceptor.admit(method, context) }
  }
}

/// Methods by path.
struct Router: Sendable {
  private var routes: [String: Route] = [:]
  private var services: Set<String> = []
  /// Full names, sorted.
  var serviceNames: [String] { services.sorted() }
  var paths: [String] { routes.keys.sorted() }

  init(_ services: [any Service], interceptors: [any Interceptor], metrics: ServerMetrics?) {
    for service in services {
      self.services.insert(type(of: service).serviceName)
      for method in service.methods {
        routes[method.path] = Route(
          method: method.intercepted(by: interceptors), interceptors: interceptors,
          metrics: metrics?.method(method.path))
      }
    }
  }

  /// - Throws: UNIMPLEMENTED, saying which part of the path is unknown.
  func route(_ path: String) throws(Status) -> Route {
    if let route = routes[path] { return route }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].isEmpty, !parts[1].isEmpty, !parts[2].isEmpty else {
      throw Status(
        .unimplemented,
        "malformed path \"\(Self.shown(path))\"; write /package.Service/Method")
    }
    guard services.contains(String(parts[1])) else {
      throw Status(.unimplemented, "unknown service \(Self.shown(parts[1]))")
    }
    throw Status(
      .unimplemented, "unknown method \(Self.shown(parts[2])) of service \(parts[1])")
  }

  private static func shown(_ name: some StringProtocol) -> String {
    VisibleText.shortened(String(name), bytes: 200)
  }
}
