internal import Bytes
internal import CLinux

extension AcceptedSocket {
  /// Sends what the kernel has room for.
  package func send(_ bytes: [UInt8]) {
    _ = unsafe bytes.withUnsafeBytes { unsafe cl_send(fd, $0.baseAddress, $0.count) }
  }

  /// For the driver that has said all and is about to close the descriptor: keeps the socket on one
  /// of its own until the peer has everything and says FIN, for the reason given in `Connection`.
  ///
  /// - Parameters:
  ///   - lingering: most time that the peer is waited for.
  ///   - ended: called on the loop when the socket is closed.
  /// - Returns: nil if there is no descriptor left for it.
  package func seeOff(
    on loop: EventLoop, lingering: Duration, _ ended: @escaping () -> Void
  ) -> Connection? {
    let copy = cl_duplicate(fd)
    guard copy >= 0 else { return nil }
    let connection = Connection(
      fd: copy, peer: peer, loop: loop, handler: Farewell(ended), phase: .open, slot: slot)
    do throws(SystemError) { try loop.watch(connection, .readable) } catch {
      _ = cl_close(copy)
      return nil
    }
    connection.closeAfterFlush(lingering: lingering)
    return connection
  }
}

/// Has nothing more to say.
private final class Farewell: ConnectionHandler {
  private let ended: () -> Void

  init(_ ended: @escaping () -> Void) { self.ended = ended }

  func opened(_ connection: Connection) {}
  func received(_ bytes: UnsafeRawBufferPointer) -> Int { bytes.count }
  func receivedEnd() {}
  func gather(into output: inout ByteBuffer, limit: Int) -> Bool { false }
  func closed(_ reason: CloseReason) { ended() }
}
