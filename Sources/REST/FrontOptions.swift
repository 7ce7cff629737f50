package import Metrics

/// What the HTTP front serves and how.
package struct FrontOptions: Sendable {
  package var limits = HTTPLimits()
  /// Origins whose pages may call from a browser (CORS), such as `https://app.example.com`; `*`
  /// stands for any. Empty: none, and no CORS fields are sent.
  package var allowedOrigins: [String] = []
  /// What `/openapi.json` gives as the version of the server.
  package var version = "0"
  /// Where requests are counted.
  package var registry: Registry?
  /// Hears of every request that was answered or given up, on its connection's loop; must not
  /// block.
  package var observer: (@Sendable (EndedRequest) -> Void)?

  package init() {}
}

/// Bounds of the HTTP front. Every one is enforced, and the answer past it names it.
package struct HTTPLimits: Sendable {
  /// Bytes of one request's body: 413 over it.
  package var bodySize = 8 << 20
  /// Bytes of one request's line and header fields together: 431 over it. What passes even twice
  /// that is refused by the library with an answer that is no JSON.
  package var headerSize = 16 << 10
  /// Bytes of the path and query in the request line: 414 over it.
  package var targetSize = 8 << 10
  /// Bytes of all bodies that are being received or held for a handler: 503 over it.
  package var bodies = 256 << 20
  /// Open connections; those over it are closed on arrival.
  package var connections = 2_000
  /// Open connections from one address, IPv4 or IPv6; those over it are closed on arrival. As many
  /// as `connections` unless set lower: behind a proxy all come from one address.
  package var connectionsPerAddress = 2_000
  /// Time for a request's line and header fields to come in, from its first line, or from the
  /// connect.
  package var headTime = Duration.seconds(10)
  /// Time for a body to come in.
  package var bodyTime = Duration.seconds(60)
  /// Time that a connection may be open without a request, or that a client may take nothing of an
  /// answer, before it is closed; in whole seconds.
  package var idleTime = Duration.seconds(75)
  /// Levels of arrays and objects in a JSON body.
  package var jsonDepth = 32
  /// Values in a JSON body: each takes up to 100 bytes while the body is read.
  package var jsonValues = 1 << 19
  /// Choices of one OpenAI request: `n` times the number of prompts.
  package var choices = 16
  /// Queued events of one stream before its handler is suspended.
  package var eventQueue = 16

  package init() {}
}

/// What is known of a request at its end, for logs: never its body.
package struct EndedRequest: Sendable {
  /// The route's pattern, such as `/v1/models/{name}`; empty when none was found.
  package let route: String
  package let method: String
  /// As it was sent, or would have been if the client had waited.
  package let status: Int
  package let peer: String
  package let requestID: String
  package let duration: Duration
  /// Calls that the request made: each has been reported to the server's own observer.
  package let calls: Int
}
