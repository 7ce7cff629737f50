package import Bytes
package import TLS

/// What lives on a connection: protocol code that turns bytes into events and back.
///
/// All calls come on the connection's loop, never one inside another: `closed` in particular comes
/// after the callback in which `close` was called has returned, exactly once, and is the last.
package protocol ConnectionHandler: AnyObject {
  /// The connection stands (accepted, or the outbound connect has succeeded), and with TLS its
  /// handshake is done.
  func opened(_ connection: Connection)

  /// Bytes came in; they are borrowed for the call (a buffer shared by the loop's connections).
  ///
  /// - Returns: how many were taken. The rest comes again in the next turn, when other connections
  ///   had theirs, and before anything more is read.
  func received(_ bytes: UnsafeRawBufferPointer) -> Int

  /// The peer has half-closed: nothing more will be received, but it may still read.
  func receivedEnd()

  /// The turn's one gathered write: append what there is to send to `output`, up to about `limit`
  /// bytes. Called at the end of a turn in which `setNeedsWrite` was called, and only when
  /// everything gathered before is in the kernel: what a slow peer does not take is never
  /// buffered more than once.
  ///
  /// - Returns: true when there is more to send than `limit` had room for.
  func gather(into output: inout ByteBuffer, limit: Int) -> Bool

  /// A blocked connection has room again; `gather` follows in this turn if asked for.
  func writable()

  /// The connection is gone.
  func closed(_ reason: CloseReason)
}

extension ConnectionHandler {
  package func writable() {}
}

/// Why a connection ended.
package enum CloseReason: Error, Sendable, Equatable, CustomStringConvertible {
  /// `close` or `closeAfterFlush` was called here.
  case local
  /// The peer reset the connection, or is unreachable.
  case reset(SystemError)
  /// An outbound connect failed.
  case connectFailed(SystemError)
  /// An outbound connect took longer than it was given.
  case connectTimeout
  /// TLS failed, in the handshake or behind it.
  case insecure(TLSError)
  /// The loop is shutting down.
  case shutdown

  package var description: String {
    switch self {
    case .local: "closed here"
    case .reset(let error): "connection lost: \(error)"
    case .connectFailed(let error): "\(error)"
    case .connectTimeout: "no answer to the connect within its time"
    case .insecure(let error): "TLS failed: \(error)"
    case .shutdown: "the server is shutting down"
    }
  }
}
