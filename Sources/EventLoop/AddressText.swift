/// An address as people write it, taken apart but not looked up.
package enum AddressText: Sendable, Equatable {
  case unix(path: String)
  /// A name or a number; IPv6 without its brackets.
  case host(String, port: UInt16)

  /// Reads `127.0.0.1:8001`, `[::1]:8001`, `localhost:8001`, `:8001` (all IPv4 interfaces) or
  /// `unix:/path/to/socket`. Port 0 lets the system choose.
  package init(_ text: String) throws(AddressError) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard (1...107).contains(path.utf8.count) else {
        throw AddressError(text: text, reason: "the path must have 1 to 107 bytes")
      }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":") else {
      throw AddressError(text: text, reason: "the port is missing")
    }
    let port = try Self.port(text[text.index(after: colon)...], of: text)
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      throw AddressError(text: text, reason: "an IPv6 address stands in brackets, as in [::1]:8001")
    }
    self = .host(host.isEmpty ? "0.0.0.0" : host, port: port)
  }

  private static func port(_ digits: Substring, of text: String) throws(AddressError) -> UInt16 {
    guard !digits.isEmpty else { throw AddressError(text: text, reason: "the port is missing") }
    guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else {
      throw AddressError(text: text, reason: "port \(digits): a port is 0–65535")
    }
    return port
  }
}

/// An address that cannot be read.
package struct AddressError: Error, Sendable, Equatable, CustomStringConvertible {
  package let text: String
  package let reason: String

  package var description: String {
    "\"\(text)\" is no address: \(reason); "
      + "write 127.0.0.1:8001, [::1]:8001, localhost:8001 or unix:/path"
  }
}
