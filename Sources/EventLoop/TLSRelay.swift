internal import Bytes
internal import CLinux
internal import Glibc

//   client ◀── TLS ──▶ Connection ◀─ received, gather ─▶ near end ◀── plain ──▶ far end: the driver
//
// Back-pressure goes through: while the near end has no room the connection reads nothing, and what
// the client does not take stays in the pair of sockets, until that is full and the driver waits.
// Ends go through too: a client's as the end of what the driver reads, and when the driver closes,
// the client gets the rest and then its end.

/// Ends TLS for something that takes sockets and knows no TLS, such as a library: it gets one end
/// of a pair of sockets, and this carries the bytes. On its loop only.
final class TLSRelay {
  /// One read of the near end.
  private static let portion = 65_536

  private let loop: EventLoop
  private let take: (AcceptedSocket) -> Void
  private let lingering: () -> Duration
  private let ended: () -> Void
  private let slot: ConnectionSlot
  private var connection: Connection?
  private var near: NearEnd?
  /// What the near end had no room for: at most one read's worth, as then nothing more is read.
  private var waiting = ByteBuffer()
  private var hasClientEnded = false
  private var hasDriverEnded = false

  init(
    _ socket: AcceptedSocket, on loop: EventLoop, take: @escaping (AcceptedSocket) -> Void,
    lingering: @escaping () -> Duration, ended: @escaping () -> Void
  ) {
    self.loop = loop
    self.take = take
    self.lingering = lingering
    self.ended = ended
    slot = socket.slot
  }

  /// Edge-triggered: whatever was found is worked off until the kernel says that there is no more.
  fileprivate func ready(_ events: PollEvents) {
    if events.contains(.writable) { sendWaiting() }
    if !events.isDisjoint(with: [.readable, .peerEnded, .hangUp, .error]) {
      connection?.setNeedsWrite()
    }
  }

  private func sendWaiting() {
    guard let near, !waiting.isEmpty else { return }
    let sent = unsafe waiting.withUnsafeBytes { unsafe cl_send(near.fd, $0.baseAddress, $0.count) }
    if sent == -Int64(EAGAIN) { return }
    // A driver that has closed wants nothing any more.
    waiting.consume(sent < 0 ? waiting.count : Int(sent))
    guard waiting.isEmpty else { return }
    waiting.removeAll(keepingCapacity: 0)
    if hasClientEnded { _ = cl_shutdown_write(near.fd) }
    connection?.resumeReading()
  }
}

extension TLSRelay: ConnectionHandler {
  func opened(_ connection: Connection) {
    self.connection = connection
    var (nearEnd, farEnd): (Int32, Int32) = (-1, -1)
    guard unsafe cl_socket_pair(&nearEnd, &farEnd) >= 0 else { return connection.close() }
    let near = NearEnd(fd: nearEnd, relay: self)
    do throws(SystemError) {
      try loop.watch(near, [.readable, .writable, .peerEnded, .edge])
    } catch {
      _ = cl_close(nearEnd)
      _ = cl_close(farEnd)
      return connection.close()
    }
    self.near = near
    take(AcceptedSocket(fd: farEnd, peer: connection.peer, slot: slot))
  }

  func received(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let near else { return bytes.count }
    let sent =
      waiting.isEmpty ? unsafe cl_send(near.fd, bytes.baseAddress, bytes.count) : -Int64(EAGAIN)
    guard sent >= 0 || sent == -Int64(EAGAIN) else { return bytes.count }
    let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[Int(max(sent, 0))...])
    if unsafe !rest.isEmpty {
      unsafe waiting.append(rest)
      connection?.pauseReading()
    }
    return bytes.count
  }

  func receivedEnd() {
    hasClientEnded = true
    if waiting.isEmpty, let near { _ = cl_shutdown_write(near.fd) }
  }

  func gather(into output: inout ByteBuffer, limit: Int) -> Bool {
    guard let near, !hasDriverEnded else { return false }
    var gathered = 0
    while gathered < limit {
      let target = unsafe output.reserve(min(Self.portion, limit - gathered))
      let count = unsafe cl_receive(near.fd, target.baseAddress, target.count)
      if count == -Int64(EAGAIN) { return false }
      guard count > 0 else {
        hasDriverEnded = true
        connection?.closeAfterFlush(lingering: lingering())
        return false
      }
      output.commit(Int(count))
      gathered += Int(count)
    }
    return true
  }

  func closed(_ reason: CloseReason) {
    connection = nil
    if let near {
      loop.unwatch(near)
      _ = cl_close(near.fd)
    }
    near = nil
    ended()
  }
}

private final class NearEnd: PollSource {
  private let relay: TLSRelay

  init(fd: Int32, relay: TLSRelay) {
    self.relay = relay
    super.init(fd: fd)
  }

  override func ready(_ events: PollEvents) { relay.ready(events) }
}
