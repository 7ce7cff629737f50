import CLinux

/// An IPv4 or IPv6 address with its port, or the path of a Unix socket.
package struct SocketAddress: Sendable, CustomStringConvertible {
  var raw: cl_address

  init(raw: cl_address) { self.raw = raw }

  /// Reads `127.0.0.1:8001`, `[::1]:8001`, `localhost:8001`, `:8001` (all IPv4 interfaces) or
  /// `unix:/path/to/socket`. Port 0 lets the system choose. A host name is looked up here and
  /// now (it blocks): for start-up, not for a loop.
  package init(_ text: String) throws(AddressError) {
    raw = cl_address()
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard unsafe cl_address_unix(&raw, path) >= 0 else {
        throw AddressError(text: text, reason: "the path must have 1 to 107 bytes")
      }
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
    else { throw AddressError(text: text, reason: "the port (0 to 65535) is missing") }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      throw AddressError(text: text, reason: "an IPv6 address stands in brackets, as in [::1]:8001")
    }
    if host.isEmpty { host = "0.0.0.0" }
    guard unsafe cl_address_ip(&raw, host, port) < 0 else { return }
    guard unsafe cl_address_resolve(&raw, host, port) >= 0 else {
      throw AddressError(text: text, reason: "the host \(host) is not known here")
    }
  }

  package var isUnix: Bool { unsafe withRaw { unsafe cl_address_is_unix($0) } != 0 }
  /// 0 for a Unix socket.
  package var port: Int { Int(unsafe withRaw { unsafe cl_address_port($0) }) }

  /// `ip:port`, `[ip]:port` or `unix:path`.
  package var description: String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 192) { text in
      _ = unsafe withRaw { unsafe cl_address_format($0, text.baseAddress, 192) }
      return unsafe text.baseAddress.map { unsafe String(cString: $0) } ?? ""
    }
  }

  /// The host without the port; empty for a Unix socket.
  package var host: String {
    guard !isUnix, let colon = description.lastIndex(of: ":") else { return "" }
    return String(description[..<colon])
  }

  /// Calls `body` with the address as the system's `sockaddr` and its length.
  package func withSystemAddress<Result>(
    _ body: (UnsafeRawPointer, UInt32) -> Result
  ) -> Result {
    unsafe withRaw { raw in unsafe body(UnsafeRawPointer(raw), raw.pointee.length) }
  }

  /// The path of a Unix socket.
  var unixPath: String { String(description.dropFirst("unix:".count)) }

  func withRaw<Result>(_ body: (UnsafePointer<cl_address>) -> Result) -> Result {
    unsafe withUnsafePointer(to: raw, body)
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
