internal import Glibc
internal import TLS

extension AcceptedSocket {
  /// Takes the socket over for a handler that hears `opened` when a handshake is done, and `closed`
  /// alone where it fails.
  @discardableResult
  package func secure(
    _ terms: TLSTerms, on loop: EventLoop, handler: any ConnectionHandler
  ) throws(SystemError) -> Connection {
    let session: TLSSession
    do throws(TLSError) { session = try TLSSession(accepting: terms.context) } catch {
      throw SystemError(code: ENOMEM, operation: "begin TLS with \(peer)")
    }
    let connection = Connection(
      fd: fd, peer: peer, loop: loop, handler: handler, phase: .securing, slot: slot,
      tls: ConnectionTLS(session, terms: terms))
    try loop.watch(connection, .readable)
    connection.arm(loop.now.advanced(by: terms.limit))
    return connection
  }

  /// The same for a driver that takes a socket with plain bytes, when a handshake is done.
  ///
  /// - Parameters:
  ///   - take: gets that socket, which has this one's peer; closing it is then the driver's.
  ///   - lingering: most time that the client is waited for when it has all that the driver said.
  ///   - ended: called on the loop when the client's connection is closed, taken or not.
  package func relay(
    _ terms: TLSTerms, on loop: EventLoop, take: @escaping (AcceptedSocket) -> Void,
    lingering: @escaping () -> Duration, ended: @escaping () -> Void
  ) throws(SystemError) -> Connection {
    try secure(
      terms, on: loop,
      handler: TLSRelay(self, on: loop, take: take, lingering: lingering, ended: ended))
  }
}
