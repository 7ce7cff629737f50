package import EventLoop
package import Messages
package import Metrics

/// What the HTTP front serves and how.
package struct FrontOptions: Sendable {
  package var limits = HTTPLimits()
  /// Origins whose pages may call from a browser (CORS), such as `https://app.example.com`; `*`
  /// stands for any. Empty: none, and no CORS fields are sent.
  package var allowedOrigins: [String] = []
  /// Which routes are to go; nil where all stay.
  package var notices: (any RouteNotices)?
  /// Why whoever sends a request may call nothing, by what its calls would carry; nil where it may
  /// call something. Asked when a little of a body has been kept, and where a body is wrong; nil
  /// where all may.
  package var refusal: (@Sendable (Metadata) async -> Status?)?
  /// What `/openapi.json` gives as the version of the server.
  package var version = "0"
  /// Where requests are counted.
  package var registry: Registry?
  /// Hears of every request that was answered or given up, on its connection's loop; must not
  /// block.
  package var observer: (@Sendable (EndedRequest) -> Void)?

  /// How connections are secured, other than those of Unix sockets; nil where they are not.
  package var tls: TLSTerms?

  package init() {}
}

/// What is known of a request at its end, for logs: never its body.
package struct EndedRequest: Sendable {
  /// The route that was found, if any.
  let matched: Route?
  package let method: String
  /// As it was sent, or would have been if the client had waited.
  package let status: Int
  package let peer: String
  package let requestID: String
  package let duration: Duration
  /// Calls that the request made: each has been reported to the server's own observer.
  package let calls: Int

  /// The route's pattern, such as `/v1/models/{name}`; empty when none was found.
  package var route: String { matched?.pattern.description ?? "" }

  /// As `Front.routeNames` has it; nil when none was found.
  package var routeName: String? { matched?.name }
}
