internal import CLinux

/// An IPv4 or IPv6 address with its port, or the path of a Unix socket.
package struct SocketAddress: Sendable, CustomStringConvertible {
  var raw: cl_address

  init(raw: cl_address) { self.raw = raw }

  /// Reads what `AddressText` does. A host name is looked up here and now (it blocks): for
  /// start-up, not for a loop.
  package init(_ text: String) throws(AddressError) {
    raw = cl_address()
    switch try AddressText(text) {
    case .unix(let path):
      guard unsafe cl_address_unix(&raw, path) >= 0 else {
        throw AddressError(text: text, reason: "the path is too long")
      }
    case .host(let host, let port):
      guard unsafe cl_address_ip(&raw, host, port) < 0 else { return }
      guard unsafe cl_address_resolve(&raw, host, port) >= 0 else {
        throw AddressError(text: text, reason: "the host \(host) is not known here")
      }
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

  /// Whether only processes of this machine reach it: a Unix socket, 127.0.0.0/8 or ::1.
  package var isOfThisMachine: Bool {
    isUnix || host.hasPrefix("127.") || host == "[::1]" || host.hasPrefix("[::ffff:127.")
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
