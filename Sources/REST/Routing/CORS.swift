/// Which pages of other origins may call from a browser
/// (https://fetch.spec.whatwg.org/#http-cors-protocol).
struct CORS: Sendable {
  private let origins: Set<String>
  private let allowsAll: Bool

  init(origins: [String]) {
    self.origins = Set(origins)
    allowsAll = origins.contains("*")
  }

  private static let allowedHeaders =
    "authorization, content-type, accept, cache-control, idempotency-key, traceparent, tracestate, "
    + "x-api-key, x-request-id, x-timeout-ms"
  private static let exposedHeaders =
    "cache-status, deprecation, link, location, ratelimit, ratelimit-policy, retry-after, "
    + "retry-after-ms, server-timing, sunset, traceparent, x-request-id, "
    + "x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, "
    + "x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens"

  /// The fields of an answer to a request from `origin`.
  func fields(_ origin: String?) -> [HTTPResponse.Header] {
    guard !origins.isEmpty else { return [] }
    if allowsAll {
      return origin == nil
        ? []
        : [
          ("access-control-allow-origin", "*"),
          ("access-control-expose-headers", Self.exposedHeaders),
        ]
    }
    guard let origin, origins.contains(origin) else { return [("vary", "origin")] }
    return [
      ("access-control-allow-origin", origin), ("vary", "origin"),
      ("access-control-expose-headers", Self.exposedHeaders),
    ]
  }

  /// The further fields of an answer to a preflight request.
  func preflight(_ headers: RequestHeaders, methods: String) -> [HTTPResponse.Header] {
    guard headers[.accessControlRequestMethod] != nil, allowsAll || isAllowed(headers[.origin])
    else { return [] }
    return [
      ("access-control-allow-methods", methods),
      ("access-control-allow-headers", Self.allowedHeaders), ("access-control-max-age", "600"),
    ]
  }

  private func isAllowed(_ origin: String?) -> Bool { origin.map(origins.contains) ?? false }
}
