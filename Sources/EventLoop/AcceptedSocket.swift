internal import CLinux

/// A connected, non-blocking socket that a listener has taken in, for whoever is to drive it.
package struct AcceptedSocket {
  /// Takes a socket over on its loop: closing it is then the taker's; after a throw the listener
  /// closes it.
  package typealias Taker = @Sendable (AcceptedSocket, EventLoop) throws(SystemError) -> Void

  package let fd: Int32
  package let peer: SocketAddress
  /// Counts against the listener's maximum for as long as it is kept.
  package let slot: ConnectionSlot

  /// Ends both directions; whoever reads from the socket finds its end. Does not close it.
  package func shutDown() { _ = cl_shutdown_both(fd) }

  /// For a taker that has no use for it after all.
  package func close() { _ = cl_close(fd) }
}
