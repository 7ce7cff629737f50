/// Where a client puts its key: the same headers in HTTP and in gRPC metadata.
package enum Credential {
  /// The token among a request's headers; nil when there is none. `Authorization: Bearer` wins over
  /// `x-api-key`; other schemes are not ours and do not count.
  package static func token(authorization: String?, apiKey: String?) -> String? {
    if let authorization, let token = bearer(authorization) { return token }
    return apiKey.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// `Bearer` and spaces, in any case (RFC 9110, section 11.1; RFC 6750, section 2.1).
  private static func bearer(_ value: String) -> String? {
    let scheme = "bearer "
    guard value.utf8.count > scheme.utf8.count,
      zip(value.utf8, scheme.utf8).allSatisfy({ given, wanted in
        given == wanted || (wanted >= UInt8(ascii: "a") && given | 0x20 == wanted)
      })
    else { return nil }
    let token = value.utf8.dropFirst(scheme.utf8.count).drop { $0 == UInt8(ascii: " ") }
    return token.isEmpty ? nil : String(Substring(token))
  }
}
