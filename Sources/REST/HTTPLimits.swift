/// Bounds of the HTTP front. Every one is enforced, and the answer past it names it.
package struct HTTPLimits: Sendable {
  /// Bytes of one request's body: 413 over it, and the end of the connection over twice that.
  package var bodySize = 24 << 20
  /// Bytes of one request's line and header fields together: 431 over it. What passes even twice
  /// that is refused by the library with an answer that is no JSON.
  package var headerSize = 16 << 10
  /// Bytes of the path and query in the request line: 414 over it.
  package var targetSize = 8 << 10
  /// Bytes of all bodies that are being received, held for a handler, or being sent: new bodies are
  /// answered with 503 over it.
  package var bodies = 256 << 20
  /// Open connections; those over it are closed on arrival.
  package var connections = 2_000
  /// Open connections from one address, IPv4 or IPv6; those over it are closed on arrival. As many
  /// as `connections` unless set lower: behind a proxy all come from one address.
  package var connectionsPerAddress = 2_000
  /// Time for a request's line and header fields to come in: from its line, or from the connect.
  package var headTime = Duration.seconds(10)
  /// Time for a body to come in.
  package var bodyTime = Duration.seconds(60)
  /// Time that a connection may be open without a request, or that a client may take nothing of an
  /// answer, before it is closed; in whole seconds.
  package var idleTime = Duration.seconds(75)
  /// Levels of arrays and objects in a JSON body.
  package var jsonDepth = 32
  /// Values and keys in a JSON body: each takes 16 bytes beside its text while the body is read.
  package var jsonValues = 1 << 19
  /// Choices of one OpenAI request: `n` times the number of prompts.
  package var choices = 16
  /// Queued events of one stream before its handler is suspended.
  package var eventQueue = 16

  package init() {}
}

/// The name of a limit wherever people meet it: as a flag, in answers and in metrics.
package enum HTTPLimit: String, Sendable, CaseIterable {
  case bodySize = "http-max-body-size"
  case headerSize = "http-max-header-size"
  case targetSize = "http-max-target-size"
  case bodies = "http-max-body-memory"
  case connections = "http-max-connections"
  case connectionsPerAddress = "http-max-connections-per-address"
  case headTime = "http-head-timeout"
  case bodyTime = "http-body-timeout"
  case idleTime = "http-idle-timeout"
  case jsonDepth = "http-max-json-depth"
  case jsonValues = "http-max-json-values"
  case choices = "http-max-choices"
  case eventQueue = "http-event-queue"
}
