/// Why a request got no response, or not the whole of it.
package struct WebError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    /// The request itself cannot be sent.
    case invalidRequest
    /// The host's name has no address.
    case unresolved
    /// The host's address is one that the guard keeps this client from.
    case forbiddenAddress
    /// Nobody listens there, or there is no way there.
    case unreachable
    /// The two did not agree on encryption, or the certificate is not trusted.
    case tls
    /// It took longer than the request allows.
    case timedOut(Phase)
    /// The response's head or body exceeds the bound on it.
    case tooLarge
    /// What came is not HTTP.
    case malformed
    /// The connection ended before the response did.
    case interrupted
    /// The body could not be written to its file.
    case file
    /// Too many requests wait already.
    case busy
    /// The request's task was cancelled.
    case cancelled
    /// The client is closed.
    case closed
    /// Anything else; a bug of ours, or no memory.
    case failed
  }

  package enum Phase: Sendable, Equatable { case connecting, stalled, total }

  package let kind: Kind
  /// `host:port`; empty where none is to blame.
  package let host: String
  package let reason: String
  /// Of the response whose body failed; nil where no head came.
  package var status: Int?

  package init(_ kind: Kind, host: String, _ reason: String, status: Int? = nil) {
    self.kind = kind
    self.host = host
    self.reason = reason
    self.status = status
  }

  /// Whether the same request may succeed later with nothing changed in between but the world.
  package var isTransient: Bool {
    switch kind {
    case .unresolved, .unreachable, .timedOut, .interrupted, .malformed, .busy: true
    default: false
    }
  }

  package var description: String { host.isEmpty ? reason : "\(host): \(reason)" }
}
