internal import JSON

/// What a route's handler answers with.
struct HTTPResponse: Sendable {
  typealias Header = (name: String, value: String)

  enum Body: Sendable {
    case bytes([UInt8])
    /// Written while it is made: the closure runs in the request's task once the head is queued,
    /// and its return is the body's end. What it throws cuts the body off, so that the client sees
    /// that it is not whole.
    case stream(@Sendable (BodyWriter) async throws -> Void)
  }

  var status: Int
  var headers: [Header]
  var body: Body

  init(status: Int = 200, headers: [Header] = [], body: Body = .bytes([])) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  static let jsonType = "application/json"

  /// - Parameter write: writes one JSON value.
  static func json(
    status: Int = 200, type: String = jsonType, _ write: (inout JSONWriter) -> Void
  ) -> HTTPResponse {
    var writer = JSONWriter()
    write(&writer)
    return HTTPResponse(
      status: status, headers: [("content-type", type)], body: .bytes(writer.bytes))
  }

  static func text(_ text: String, type: String) -> HTTPResponse {
    HTTPResponse(headers: [("content-type", type)], body: .bytes(Array(text.utf8)))
  }

  /// Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
  static func events(
    _ write: @escaping @Sendable (BodyWriter) async throws -> Void
  ) -> HTTPResponse {
    HTTPResponse(
      headers: [
        ("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"),
        // nginx would hold events back until its buffer is full.
        ("x-accel-buffering", "no"),
      ],
      body: .stream(write))
  }
}

extension BodyWriter {
  /// One event whose data is a JSON text, which has no line breaks.
  func sendEvent(_ json: JSONWriter) async throws {
    var event = Array("data: ".utf8)
    event.append(contentsOf: json.bytes)
    event.append(contentsOf: "\n\n".utf8)
    try await send(event)
  }

  /// What OpenAI's streams end with.
  func sendDone() async throws { try await send(Array("data: [DONE]\n\n".utf8)) }
}
