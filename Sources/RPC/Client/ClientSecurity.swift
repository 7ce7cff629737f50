internal import EventLoop
package import TLS

/// What a client's TLS needs, read and checked.
package struct ClientSecurity: Sendable {
  let context: TLSContext
  /// What the server's certificate must be of.
  let name: String

  package init(_ context: TLSContext, name: String) {
    self.context = context
    self.name = name
  }

  init(_ options: ClientTLS, address: String) throws {
    context = try TLSContext(trusting: options.authorities, protocol: "h2")
    switch try AddressText(address) {
    case .unix: name = options.name ?? "localhost"
    case .host(let host, _): name = options.name ?? host
    }
  }
}
