/// Routes by path and method.
struct RouteTable: Sendable {
  /// All of them, in the order of the description.
  let routes: [Route]
  /// By path, where the path captures nothing.
  private var fixed: [String: [Route]] = [:]
  private var patterns: [(pattern: PathPattern, routes: [Route])] = []

  init(_ routes: [Route]) {
    self.routes = routes
    for route in routes {
      let text = route.pattern.description
      if route.pattern.names.isEmpty {
        fixed[text, default: []].append(route)
      } else if let index = patterns.firstIndex(where: { $0.pattern.description == text }) {
        patterns[index].routes.append(route)
      } else {
        patterns.append((route.pattern, [route]))
      }
    }
  }

  /// The routes of a path, one for each method, and what the path's pattern captured.
  struct Match: Sendable {
    let routes: [Route]
    let parameters: [String]

    /// HEAD is answered as GET; the body is left out when it is sent.
    func route(_ method: HTTPMethod) -> Route? {
      let wanted = method == .head ? .get : method
      return routes.first { $0.method == wanted }
    }

    /// For `allow`.
    var methods: String {
      var names = routes.map(\.method.rawValue)
      if names.contains("GET") { names.append("HEAD") }
      return (names + ["OPTIONS"]).joined(separator: ", ")
    }
  }

  /// - Returns: nil for a path without a route.
  /// - Throws: for a path that does not decode.
  func match(_ target: Target) throws(HTTPError) -> Match? {
    if let routes = fixed[target.path] { return Match(routes: routes, parameters: []) }
    guard let segments = target.segments else {
      throw HTTPError(.badRequest, "the path is not percent-encoded UTF-8 that begins with /")
    }
    for (pattern, routes) in patterns {
      if let parameters = pattern.match(segments) {
        return Match(routes: routes, parameters: parameters)
      }
    }
    return nil
  }
}
