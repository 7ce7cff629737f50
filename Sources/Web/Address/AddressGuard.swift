/// Where a client may connect to. By default nowhere but the public internet, so that a URL from
/// outside cannot reach what only this machine or its neighbours should.
///
/// It is asked for each socket, with the address that the socket is about to connect to: what a
/// name meant a moment ago, or a second record of it, does not get around it.
package struct AddressGuard: Sendable {
  private var networks: [IPNetwork] = []
  private var hosts: Set<String> = []

  /// Only the public internet.
  package init() {}

  /// The public internet, and these.
  ///
  /// - Parameter entries: addresses, networks (`10.2.0.0/16`), or names of hosts, which may then
  ///   have any address.
  package init(opening entries: [String]) throws(WebError) {
    for entry in entries {
      if let network = IPNetwork(entry) {
        networks.append(network)
      } else if !entry.contains("/"), let host = WebURL.canonicalHost(entry) {
        hosts.insert(host)
      } else {
        throw WebError(
          .invalidRequest, host: entry,
          "'\(entry)' is neither an address, nor a network such as 10.2.0.0/16, nor a host's name")
      }
    }
  }

  /// Everywhere: for addresses that the operator chose.
  package static let everywhere = {
    var all = AddressGuard()
    all.networks = [.v4(0, 0, 0, 0, 0), .v6(0, 0, 0)]
    return all
  }()

  /// Why a connection to `address` is not allowed; nil if it is.
  ///
  /// - Parameter host: the URL's, in its canonical form.
  package func refusal(of address: IPAddress, host: String) -> InternalPurpose? {
    guard let purpose = address.internalPurpose, !hosts.contains(host) else { return nil }
    let isOpen = networks.contains { network in
      network.contains(address) || address.wrapped.map { network.contains($0) } == true
    }
    return isOpen ? nil : purpose
  }

  /// Why a URL can never be called: its host is an address that is not allowed. A name may turn out
  /// to be one too, which shows at the call.
  package func refusal(of url: WebURL) -> InternalPurpose? {
    url.address.flatMap { refusal(of: $0, host: url.host) }
  }
}
