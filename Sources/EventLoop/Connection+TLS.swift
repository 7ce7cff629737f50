internal import Bytes
internal import CLinux
internal import Glibc
internal import TLS

// Between the socket and the handler:
//
//   socket ──▶ loop.readBuffer ──▶ session ──▶ loop.plain ──▶ received
//   socket ◀── loop.output ◀── session ◀── loop.plain ◀── gather
//
// One turn's gathered bytes are one write here too, in records of up to 16 KiB. The loop's buffers
// are shared by its connections: only what the kernel refuses is kept.

extension Connection {
  /// Replies of TLS itself that a peer which does not read may have waiting, behind what was
  /// gathered; it is asking for ever more of them.
  private static let replyBound = 65_536
  /// How long a peer is waited for that is to read why its handshake failed.
  private static let alertTime = Duration.seconds(1)

  /// Says a client's first word; of a server it is the other side's to say it.
  func beginSecuring(_ tls: ConnectionTLS) {
    phase = .securing
    updateInterest()
    do throws(TLSError) { try tls.session.begin(into: &loop.output) } catch {
      tls.failure = error
    }
    sendReplies(after: 0)
    if tls.failure != nil { close(.local) }
  }

  /// Has the session read what came in, and hands on what it says.
  func unseal(_ bytes: UnsafeRawBufferPointer, _ tls: ConnectionTLS) {
    guard phase == .open || phase == .securing else { return }
    defer { loop.plain.removeAll(keepingCapacity: 4 * loop.configuration.readBufferSize) }
    let waiting = leftover.count
    do throws(TLSError) {
      defer { sendReplies(after: waiting) }
      try unsafe tls.session.receive(bytes, plain: &loop.plain, replies: &loop.output)
    } catch {
      guard phase != .closed else { return }
      return phase == .securing ? failHandshake(error) : fail(tls, error)
    }
    if phase == .securing, tls.session.isEstablished { finishSecuring(tls) }
    if !loop.plain.isEmpty { unsafe loop.plain.withUnsafeBytes { unsafe hand($0) } }
    endPeerOfSession()
  }

  /// The session's end comes behind its bytes, all of them taken.
  func endPeerOfSession() {
    guard let tls, tls.session.hasPeerEnded, !hasPeerEnded, untaken.isEmpty else { return }
    if phase != .closed { endPeer() }
  }

  private func finishSecuring(_ tls: ConnectionTLS) {
    disarm()
    phase = .open
    tls.terms?.handshakeEnded(peer, nil)
    handler?.opened(self)
  }

  /// Closes, but not before the peer had time to read the alert that says why.
  func failHandshake(_ error: TLSError) {
    guard let tls, phase == .securing else { return }
    tls.failure = error
    tls.terms?.handshakeEnded(peer, error)
    lastEnd = loop.now.advanced(by: Self.alertTime)
    lingering = Self.alertTime
    phase = .lingering
    leftover.removeAll(keepingCapacity: 0)
    _ = cl_shutdown_write(fd)
    arm(lastEnd)
    updateInterest()
  }

  private func fail(_ tls: ConnectionTLS, _ error: TLSError) {
    tls.failure = error
    close(.local)
  }

  /// Sends what the session has put into `loop.output`: behind what the kernel refused before.
  private func sendReplies(after waiting: Int) {
    defer { loop.output.removeAll(keepingCapacity: 4 * loop.configuration.writeLimit) }
    guard !loop.output.isEmpty, phase != .closed else { return }
    if waiting == 0 {
      let sent = unsafe loop.output.withUnsafeBytes { unsafe cl_send(fd, $0.baseAddress, $0.count) }
      guard sent >= 0 || sent == -Int64(EAGAIN) else { return lose(Int32(-sent)) }
      loop.output.consume(Int(max(sent, 0)))
      if loop.output.isEmpty { return }
    }
    // The peer neither reads nor stops asking.
    let limit = 2 * loop.configuration.writeLimit + Self.replyBound
    guard waiting + loop.output.count <= limit else { return lose(ENOBUFS) }
    unsafe loop.output.withUnsafeBytes { unsafe leftover.append($0) }
    updateInterest()
  }

  /// Puts records in the place of what was gathered into `loop.output`.
  ///
  /// - Returns: false if the connection is closed for it.
  func seals(_ tls: ConnectionTLS) -> Bool {
    swap(&loop.plain, &loop.output)
    defer { loop.plain.removeAll(keepingCapacity: 4 * loop.configuration.readBufferSize) }
    do throws(TLSError) {
      try unsafe loop.plain.withUnsafeBytes { bytes throws(TLSError) in
        try unsafe tls.session.send(bytes, into: &loop.output)
      }
    } catch {
      fail(tls, error)
      return false
    }
    return true
  }

  /// Says the session's end before the socket's.
  ///
  /// - Returns: false while the kernel has no room for that; the end comes again when it has.
  func endsSession(_ tls: ConnectionTLS) -> Bool {
    tls.session.end(into: &loop.output)
    sendReplies(after: 0)
    return phase == .flushing && leftover.isEmpty
  }
}
