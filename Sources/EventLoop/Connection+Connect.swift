internal import CLinux
internal import Glibc
package import TLS

extension EventLoop {
  /// Connects to `address`; `handler` is told `opened`, or `closed` with what went wrong. On the
  /// loop only.
  ///
  /// - Parameter session: a client's, for a server that speaks TLS; its handshake counts to the
  ///   connect's time.
  /// - Throws: when not even the attempt can be made (no descriptors, no route).
  @discardableResult
  package func connect(
    to address: SocketAddress, timeout: Duration = .seconds(10), session: TLSSession? = nil,
    handler: any ConnectionHandler
  ) throws(SystemError) -> Connection {
    preconditionCurrent()
    var done: Int32 = 0
    let fd = unsafe address.withRaw { unsafe cl_connect($0, &done) }
    try SystemError.check(fd, "connect to \(address)")
    let connection = Connection(
      fd: fd, peer: address, loop: self, handler: handler, phase: .connecting, slot: nil,
      tls: session.map { ConnectionTLS($0, terms: nil) })
    do throws(SystemError) {
      // A socket that stands already is writable: the first turn finds it.
      try watch(connection, .writable)
    } catch {
      _ = cl_close(fd)
      throw error
    }
    connection.arm(now.advanced(by: timeout))
    return connection
  }
}

extension Connection {
  func finishConnect() {
    let code = cl_socket_error(fd)
    guard code == 0 else {
      let advice = code == ECONNREFUSED ? "nothing listens there: is the server running?" : ""
      return close(
        .connectFailed(SystemError(code: code, operation: "connect to \(peer)", advice: advice)))
    }
    if let tls { return beginSecuring(tls) }
    disarm()
    phase = .open
    updateInterest()
    handler?.opened(self)
  }
}
