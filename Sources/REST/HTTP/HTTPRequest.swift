internal import Bytes
internal import Messages

/// A whole request, as a route's handler gets it. A class: it goes through many asynchronous
/// functions, whose frames hold a reference instead of all this.
final class HTTPRequest: Sendable {
  let method: HTTPMethod
  let target: Target
  /// What the route's pattern captured, in its order.
  let parameters: [String]
  let headers: RequestHeaders
  let body: [UInt8]
  /// The client's `x-request-id` if it is usable, otherwise made here: in the answer, in error
  /// bodies and in the metadata of calls.
  let id: String
  /// The bounds that reading the body keeps to.
  let limits: HTTPLimits

  init(
    method: HTTPMethod, target: Target, parameters: [String], headers: RequestHeaders,
    body: [UInt8], id: String, limits: HTTPLimits
  ) {
    self.method = method
    self.target = target
    self.parameters = parameters
    self.headers = headers
    self.body = body
    self.id = id
    self.limits = limits
  }

  /// Whether the client asks for a stream of events.
  var acceptsEvents: Bool {
    headers[.accept]?.utf8.split(separator: UInt8(ascii: ",")).contains { part in
      part.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != 0x20 }
        .elementsEqual("text/event-stream".utf8)
    } ?? false
  }

  /// `Cache-Control: no-cache` or `no-store`: compute anew.
  var refusesCache: Bool {
    guard let control = headers[.cacheControl]?.lowercased() else { return false }
    return control.contains("no-cache") || control.contains("no-store")
  }
}

extension HTTPRequest {
  /// Characters that an id may have, so that it can be logged and sent back.
  static func isUsable(id: String) -> Bool {
    (1...128).contains(id.utf8.count) && ASCIIText.isPrintable(id, spaces: false)
  }

  /// From `x-timeout-ms`; nil when the client set none.
  static func timeout(_ headers: RequestHeaders) throws(HTTPError) -> Duration? {
    guard let text = headers[.timeout] else { return nil }
    guard let milliseconds = UInt32(text), milliseconds > 0, text.utf8.first != UInt8(ascii: "+")
    else {
      throw HTTPError(
        .badRequest, "x-timeout-ms: expected milliseconds from 1 to \(UInt32.max)",
        field: "x-timeout-ms")
    }
    return .milliseconds(Int(milliseconds))
  }
}
