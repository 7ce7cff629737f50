/// The request methods that routes here know (RFC 9110, section 9); names are case-sensitive.
enum HTTPMethod: String, Sendable, CaseIterable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case delete = "DELETE"
  case options = "OPTIONS"

  /// As OpenAPI names it.
  var key: String { rawValue.lowercased() }
}
