internal import Bytes
internal import EventLoop
internal import HTTP2
internal import Messages
internal import Metrics

/// One client's connection: joins socket and session, and turns request heads into calls.
///
/// On its loop only.
final class ServerConnection {
  let core: ServerCore
  let loop: EventLoop
  let budget: MemoryBudget
  private(set) var session: Session?
  private var connection: Connection?
  /// Inside `received`, at whose end it is asked once whether there is something to send.
  private var isReceiving = false
  private var peer = ""
  /// Calls not over: their stream is open or their handler runs.
  private var calls = 0
  private var isSettled = false
  private var handshake: TimerToken?
  private var drain = DrainMachine()
  private var drainTimer: TimerToken?
  private var resets: TokenBucket
  private var emptyFrames = TokenBucket(burst: 1_000, perSecond: 1_000)
  /// The last head that was accepted: clients send the same one again and again.
  private var lastHead: AdmittedHead?

  init(core: ServerCore, loop: EventLoop) {
    self.core = core
    self.loop = loop
    budget = MemoryBudget(limit: core.limits.memoryPerConnection, total: core.memory)
    resets = TokenBucket(burst: core.limits.resetBurst, perSecond: core.limits.resetsPerSecond)
  }

  func setNeedsWrite() {
    if !isReceiving { connection?.setNeedsWrite() }
  }

  func callEnded() {
    calls -= 1
    core.releaseCall()
  }

  /// Asks the client to leave: nothing that is under way is refused.
  func beginDrain() { perform(drain.begin(isSettled: isSettled)) }

  /// Ends now what is still running.
  func endNow() {
    let status = Status(.unavailable, "the server is shutting down")
    for stream in session?.streams ?? [] { (stream.handler as? ServerCall)?.abort(status) }
    session?.submitGoAway(.noError, debug: "shutdown")
    connection?.closeAfterFlush()
  }

  private func perform(_ action: DrainMachine.Action) {
    switch action {
    case .none: return
    case .announce(let payload):
      session?.submitShutdownNotice()
      session?.submitPing(payload)
      drainTimer = loop.schedule(after: .seconds(1)) { [weak self] in
        guard let self else { return }
        perform(drain.waitedLongEnough())
      }
    case .goAway:
      session?.submitGoAway(.noError, debug: "drain")
    case .close:
      connection?.closeAfterFlush()
    }
    setNeedsWrite()
  }

  private func violate(_ debug: String) {
    core.metrics?.violations.increment()
    session?.submitGoAway(.enhanceYourCalm, debug: debug)
    connection?.closeAfterFlush()
  }
}

// MARK: - The socket

extension ServerConnection: ConnectionHandler {
  func opened(_ connection: Connection) {
    self.connection = connection
    peer = connection.peer.description
    do throws(SessionError) {
      session = try Session(role: .server, options: core.sessionOptions, delegate: self)
    } catch {
      return connection.close()
    }
    core.metrics?.connections.add(1)
    core.connections.insert(LoopBound(self, on: loop), ObjectIdentifier(self))
    handshake = loop.schedule(after: core.limits.handshakeTimeout) { [weak self] in
      self?.connection?.close()
    }
    connection.setNeedsWrite()
    if core.phase != .serving { beginDrain() }
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    guard let session, let connection else { return }
    isReceiving = true
    defer { isReceiving = false }
    do throws(SessionError) {
      try unsafe session.receive(bytes)
    } catch {
      core.metrics?.violations.increment()
      return connection.closeAfterFlush()
    }
    let empty = session.takeEmptyDataFrames()
    if empty > 0, !emptyFrames.take(empty, now: loop.now) { violate("too_many_empty_frames") }
    if session.wantsToSend || session.isFinished { connection.setNeedsWrite() }
  }

  /// Whoever says FIN can be told nothing that HTTP/2 would need answers to; what is ready is sent.
  func receivedEnd() { connection?.closeAfterFlush() }

  func gather(into output: inout ByteBuffer, limit: Int) -> Bool {
    guard let session, let connection else { return false }
    do throws(SessionError) {
      let hasMore = try session.gather(into: &output, limit: limit)
      if session.isFinished { connection.closeAfterFlush() }
      return hasMore
    } catch {
      connection.close()
      return false
    }
  }

  func closed(_ reason: CloseReason) {
    connection = nil
    for timer in [handshake, drainTimer].compactMap({ $0 }) { loop.cancel(timer) }
    guard let session else { return }
    session.close(.cancel)
    self.session = nil
    core.metrics?.connections.add(-1)
    core.connections.remove(ObjectIdentifier(self))
  }
}

// MARK: - The session

extension ServerConnection: SessionDelegate {
  func sessionOpened(_ stream: Stream, head: borrowing HeaderBlock, end: Bool) {
    guard let session else { return }
    guard calls < core.limits.callsPerConnection, core.acquireCall() else {
      core.metrics?.refused.increment()
      return session.reset(stream, .refusedStream)
    }
    calls += 1
    guard let admitted = admit(head, stream, session) else { return callEnded() }
    let timeout = unsafe head.apart.isEmpty ? nil : head.apart.withUnsafeBytes { unsafe Timeout.parse($0) }
    let call = ServerCall(
      connection: self, session: session, stream: stream, head: admitted,
      context: CallContext(
        path: admitted.route.method.path, metadata: admitted.request.metadata,
        deadline: timeout.map { .now.advanced(by: .nanoseconds($0)) }, peer: peer))
    stream.handler = call
    call.open(timeout: timeout)
  }

  /// The request to be called, or nil after it was answered.
  private func admit(
    _ head: borrowing HeaderBlock, _ stream: Stream, _ session: Session
  ) -> AdmittedHead? {
    if let last = lastHead, core.phase != .ending, head.equals(last.snapshot),
      unsafe head.apart.isEmpty || head.apart.withUnsafeBytes({ unsafe Timeout.parse($0) }) != nil
    {
      return last
    }
    switch RequestVerdict(head, headerLimit: core.limits.headerSize) {
    case .malformed:
      session.reset(stream, .protocolError)
    case .answered(let list):
      session.respond(stream, .list(list), body: false)
    case .rejected(let status):
      reject(stream, session, status)
    case .accepted(let request):
      do throws(Status) {
        guard core.phase != .ending else {
          throw Status(.unavailable, "the server is shutting down")
        }
        let route = try core.router.route(request.path)
        guard let encoding = request.encoding else {
          let admitted = AdmittedHead(request: request, route: route, snapshot: head.snapshot())
          lastHead = admitted
          return admitted
        }
        session.respond(
          stream, .list(ResponseHeaders.unknownEncoding(encoding)), body: false)
      } catch {
        reject(stream, session, error)
      }
    }
    core.metrics?.rejected.increment()
    return nil
  }

  private func reject(_ stream: Stream, _ session: Session, _ status: Status) {
    session.respond(
      stream,
      ResponseHeaders.trailersOnly(
        status, initial: [:], trailing: [:], limit: core.limits.responseMetadataSize),
      body: false)
  }

  func sessionReceivedReset(_ stream: Stream, code: ErrorCode) {
    if !resets.take(now: loop.now) { violate("too_many_resets") }
  }

  func sessionReceivedSettings() {
    guard !isSettled else { return }
    isSettled = true
    if let handshake { loop.cancel(handshake) }
    handshake = nil
  }

  func sessionReceivedPingAck(_ payload: UInt64) { perform(drain.pingAnswered(payload)) }

  func sessionReceivedGoAway(lastStream: Int32, code: ErrorCode, debug: String) {}
}
