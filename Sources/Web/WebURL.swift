internal import CCurl

/// An http or https address, taken apart by the parser that will also call it.
package struct WebURL: Sendable, Hashable, CustomStringConvertible {
  /// Longest text, in bytes.
  package static let limit = 4096

  /// In its normal form, without a fragment.
  package let text: String
  package let isEncrypted: Bool
  /// In lower case, without a final dot or brackets.
  package let host: String
  package let port: Int

  /// - Throws: what is wrong with it and what is allowed.
  package init(_ text: String) throws(WebError) {
    guard text.utf8.count <= Self.limit else {
      throw Self.invalid("it has \(text.utf8.count) bytes; at most \(Self.limit) are allowed")
    }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw Self.invalid("it holds a character that must be percent-encoded")
    }
    try CurlLibrary.load()
    guard let parser = unsafe ccurl_url() else { throw Self.invalid("no memory to read it") }
    defer { unsafe ccurl_url_cleanup(parser) }
    let flags = UInt32(CURLU_DISALLOW_USER)
    let code = unsafe ccurl_url_set(parser, CURLUPART_URL, text, flags)
    guard code == CURLUE_OK else {
      throw Self.invalid(unsafe String(cString: ccurl_url_strerror(code)))
    }
    unsafe ccurl_url_set(parser, CURLUPART_FRAGMENT, nil, 0)
    let scheme = unsafe Self.part(CURLUPART_SCHEME, of: parser)
    guard scheme == "http" || scheme == "https" else {
      throw Self.invalid("its scheme is \(scheme ?? "missing"); http and https are allowed")
    }
    guard let host = unsafe Self.part(CURLUPART_HOST, of: parser).flatMap(Self.canonicalHost),
      let port = unsafe Self.part(CURLUPART_PORT, of: parser, UInt32(CURLU_DEFAULT_PORT)),
      let port = Int(port), let whole = unsafe Self.part(CURLUPART_URL, of: parser)
    else { throw Self.invalid("it names no host") }
    self.text = whole
    isEncrypted = scheme == "https"
    self.host = host
    self.port = port
  }

  /// The host, if it is an address and not a name.
  package var address: IPAddress? { IPAddress(host) }

  package var description: String { text }

  /// `host:port`, for messages: a URL's path and query may hold secrets.
  package var place: String { "\(bracketedHost):\(port)" }

  /// `host`, and `:port` where it is not the scheme's own.
  package var authority: String { port == (isEncrypted ? 443 : 80) ? bracketedHost : place }

  private var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

  /// One spelling for each host; nil for what cannot be one.
  static func canonicalHost(_ text: String) -> String? {
    var host = Substring(text.lowercased())
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    if host.hasSuffix(".") { host = host.dropLast() }
    guard (1...253).contains(host.utf8.count), !host.hasPrefix("."),
      host.utf8.allSatisfy({ byte in
        switch byte {
        case 0x30...0x39, 0x61...0x7a, 0x2d, 0x2e, 0x3a, 0x5f: true  // 0-9 a-z - . : _
        default: false
        }
      })
    else { return nil }
    return String(host)
  }

  @unsafe
  private static func part(
    _ part: CURLUPart, of parser: OpaquePointer, _ flags: UInt32 = 0
  ) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard unsafe ccurl_url_get(parser, part, &text, flags) == CURLUE_OK, let text = unsafe text
    else { return nil }
    defer { unsafe ccurl_free(text) }
    return unsafe String(cString: text)
  }

  private static func invalid(_ reason: String) -> WebError {
    WebError(.invalidRequest, host: "", "the URL is not usable: \(reason)")
  }
}
