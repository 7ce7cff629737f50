internal import Bytes
internal import CLinux
internal import Glibc
internal import TLS

// connecting ──▶ open ─ closeAfterFlush ─▶ flushing ─ all sent ─▶ lingering ─ FIN, time ─▶ closed
//      │         ▲ │                          │                       ▲                      ▲
//      │ securing┘ │                          │    failed handshake ──┘                      │
//      └───────────┴─── close, reset, time ───┴──────────────────────────────────────────────┘
//
// With TLS there is `securing` before `open`: the handshake, of which the handler hears nothing.
// `lingering` has sent FIN and throws away what still comes in: closing with unread bytes would
// send RST, and RST can destroy the last answer on its way to the peer.

/// A non-blocking stream socket on a loop, accepted or connected. On its loop only.
package final class Connection: PollSource {
  enum Phase { case connecting, securing, open, flushing, lingering, closed }

  /// Most time for a flush, and for the lingering behind it, unless said otherwise.
  package static let endTime = Duration.seconds(5)

  package let loop: EventLoop
  /// The other side's address.
  package let peer: SocketAddress
  /// Until `closed` has been delivered.
  package internal(set) var handler: (any ConnectionHandler)?
  var phase: Phase
  var interest: PollEvents
  var hasPeerEnded = false
  /// Whether the handler has no room for what could be read.
  private var isPaused = false
  /// Nil for a connection without TLS.
  let tls: ConnectionTLS?
  /// In the loop's list of connections to flush at the turn's end.
  var isDirty = false
  /// `setNeedsWrite` was called while blocked.
  var wantsGather = false
  /// Gathered bytes that the kernel has not taken.
  var leftover = ByteBuffer()
  /// Received bytes that the handler has not taken yet: at most the loop's read buffer of them.
  var untaken = ByteBuffer()
  var closeReason = CloseReason.local
  var timer: TimerToken?
  /// When `timer` fires; it ends a connect, a flush or the lingering.
  private var limit = LoopInstant.distantFuture
  /// How long the peer has for its FIN once it has ours.
  var lingering = Duration.zero
  /// When the connection ends even if the peer has not taken everything.
  var lastEnd = LoopInstant.distantFuture
  var slot: ConnectionSlot?

  init(
    fd: Int32, peer: SocketAddress, loop: EventLoop, handler: any ConnectionHandler, phase: Phase,
    slot: ConnectionSlot?, tls: ConnectionTLS? = nil
  ) {
    self.loop = loop
    self.peer = peer
    self.handler = handler
    self.phase = phase
    self.slot = slot
    self.tls = tls
    interest = phase == .connecting ? .writable : .readable
    super.init(fd: fd)
  }

  /// False once closed, or closing after a flush.
  package var isOpen: Bool { phase == .open }

  // MARK: What the handler asks for

  /// Asks for `gather` at this turn's end. Costs nothing when asked before.
  package func setNeedsWrite() {
    loop.assertCurrent()
    guard phase == .open || phase == .flushing else { return }
    guard leftover.isEmpty else {
      wantsGather = true
      return
    }
    guard !isDirty else { return }
    isDirty = true
    loop.dirty.append(self)
  }

  /// Closes at once; what is unsent is lost. `closed` follows.
  package func close() { close(.local) }

  /// Sends what the handler has to say and closes when the peer has it, at the latest after
  /// `limit`.
  ///
  /// - Parameter lingering: most time that the peer is waited for when it has taken everything.
  package func closeAfterFlush(
    within limit: Duration = endTime, lingering: Duration = endTime
  ) {
    closeAfterFlush(by: loop.now.advanced(by: limit), lingering: lingering)
  }

  /// The same with a point in time. There is one write even if that has passed; called again, this
  /// can only bring the end nearer.
  package func closeAfterFlush(by end: LoopInstant, lingering: Duration = endTime) {
    loop.assertCurrent()
    lastEnd = min(lastEnd, end)
    switch phase {
    case .connecting, .securing: close(.local)
    case .open:
      self.lingering = lingering
      setNeedsWrite()
      phase = .flushing
      arm(end)
    case .flushing:
      self.lingering = min(self.lingering, lingering)
      armNoLater(than: end)
    case .lingering:
      self.lingering = min(self.lingering, lingering)
      armNoLater(than: min(end, loop.now.advanced(by: lingering)))
    case .closed: break
    }
  }

  /// Reads no more until `resumeReading`: what comes in the meantime waits in the kernel.
  package func pauseReading() {
    isPaused = true
    updateInterest()
  }

  package func resumeReading() {
    isPaused = false
    updateInterest()
  }

  /// Closes at once with RST.
  package func abort() {
    if phase != .closed { _ = cl_reset_on_close(fd) }
    close(.local)
  }

  // MARK: The end

  /// Everything is in the kernel; a connection that only waited for that says FIN.
  func finishFlush() {
    guard phase == .flushing else { return }
    if let tls, !endsSession(tls) { return }
    if hasPeerEnded { return close(.local) }
    phase = .lingering
    _ = cl_shutdown_write(fd)
    armNoLater(than: loop.now.advanced(by: lingering))
  }

  func close(_ reason: CloseReason) {
    loop.assertCurrent()
    guard phase != .closed else { return }
    if phase == .securing {
      tls?.terms?.handshakeEnded(peer, tls?.failure ?? TLSError("\(reason)"))
    }
    phase = .closed
    closeReason = tls?.failure.map { .insecure($0) } ?? reason
    disarm()
    loop.unwatch(self)
    _ = cl_close(fd)
    slot = nil
    leftover.removeAll(keepingCapacity: 0)
    loop.closings.append(self)
  }

  func deliverClosed() {
    guard let handler else { return }
    self.handler = nil
    handler.closed(closeReason)
  }

  func updateInterest() {
    guard phase != .closed, phase != .connecting else { return }
    var wanted: PollEvents = []
    if !hasPeerEnded && !isPaused { wanted.insert(.readable) }
    if !leftover.isEmpty { wanted.insert(.writable) }
    guard wanted != interest else { return }
    interest = wanted
    _ = cl_epoll_change(loop.epoll, fd, wanted.rawValue, token)
  }

  override func ready(_ events: PollEvents) {
    if phase == .connecting { return finishConnect() }
    if events.contains(.error) {
      let code = cl_socket_error(fd)
      return lose(code == 0 ? ECONNRESET : code)
    }
    if events.contains(.writable) { sendLeftover() }
    guard phase != .closed else { return }
    if events.contains(.readable) {
      if untaken.isEmpty { read() }
    } else if events.contains(.hangUp) {
      // Both directions are gone. What may wait unread behind a paused reader can no longer be
      // answered, and epoll would report this for ever.
      lose(ECONNRESET)
    }
  }

  func lose(_ code: Int32) {
    close(.reset(SystemError(code: code, operation: "keep the connection with \(peer)")))
  }
}

// MARK: - Time

extension Connection: TimerHandler {
  func arm(_ end: LoopInstant) {
    disarm()
    limit = end
    timer = loop.schedule(at: end, self)
  }

  private func armNoLater(than end: LoopInstant) {
    if end < limit { arm(end) }
  }

  func disarm() {
    if let timer { loop.cancel(timer) }
    timer = nil
  }

  package func timerFired(_ token: TimerToken) {
    timer = nil
    // A reader that is slow still has bytes of ours before it: closing now would cost it the last
    // answers, as its next words would be met by RST.
    // The FIN counts for one. A Unix socket loses nothing by closing.
    if phase == .lingering, !peer.isUnix, loop.now < lastEnd, cl_unacknowledged(fd) > 1 {
      return arm(min(lastEnd, loop.now.advanced(by: lingering)))
    }
    switch phase {
    case .connecting: close(.connectTimeout)
    case .securing: failHandshake(TLSError("it took longer than it may"))
    default: close(.local)
    }
  }
}
