internal import Synchronization
package import TLS

/// On what terms a front takes connections: all of them begin with TLS.
package final class TLSTerms: Sendable {
  /// Hears how each handshake ended, on its loop: nil for well.
  package typealias Observer = @Sendable (SocketAddress, TLSError?) -> Void

  /// Time for a handshake, from the accept.
  let limit: Duration
  let handshakeEnded: Observer
  private let current: Mutex<TLSContext>

  package init(_ context: TLSContext, limit: Duration, handshakeEnded: @escaping Observer) {
    current = Mutex(context)
    self.limit = limit
    self.handshakeEnded = handshakeEnded
  }

  /// For connections that are accepted from here on; those that stand keep theirs. From any thread.
  package func replace(_ context: TLSContext) { current.withLock { $0 = context } }

  package var context: TLSContext { current.withLock { $0 } }
}

/// What a connection keeps for its TLS; none where its bytes are as they are.
final class ConnectionTLS {
  let session: TLSSession
  /// Nil of a connection that was made from here.
  let terms: TLSTerms?
  /// What went wrong; told when the other side had its time to read the alert.
  var failure: TLSError?

  init(_ session: TLSSession, terms: TLSTerms?) {
    self.session = session
    self.terms = terms
  }
}
