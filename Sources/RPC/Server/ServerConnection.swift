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
  /// The client has said something; nothing is lost before that.
  private var isSettled = false
  private var isAcknowledged = false
  private var handshake: TimerToken?
  /// Runs while a header block is open, and the block's number.
  private var headers: (timer: TimerToken, block: Int)?
  /// The client broke the protocol or flooded: what else comes in the same turn counts no more.
  private var isViolated = false
  private var drain = DrainMachine()
  private var drainTimer: TimerToken?
  /// What the GOAWAY of the drain says.
  private var drainReason = "drain"
  private var floods: FloodGuard
  private var share = TurnShare(start: .distantFuture)
  private var idle: IdleMachine
  private var idleTimer: TimerToken?
  /// Runs while there may be calls.
  var progressTimer: TimerToken?
  /// The last head that was accepted: clients send the same one again and again.
  private var lastHead: AdmittedHead?

  init(core: ServerCore, loop: EventLoop) {
    self.core = core
    self.loop = loop
    budget = MemoryBudget(limit: core.limits.memoryPerConnection, total: core.memory)
    floods = FloodGuard(core.limits)
    idle = IdleMachine(limit: core.limits.connectionIdle, now: loop.now)
  }

  func setNeedsWrite() {
    if !isReceiving { connection?.setNeedsWrite() }
  }

  func callEnded() {
    calls -= 1
    if calls == 0 { idle.lastCallEnded(now: loop.now) }
    core.releaseCall()
  }

  /// Asks the client to leave: nothing that is under way is refused.
  func beginDrain() {
    guard connection?.isOpen == true else { return closeAfterFlush() }
    perform(drain.begin(isSettled: isSettled))
  }

  /// Ends now what is still running; whoever has not read that at `end` loses it.
  func end(by end: LoopInstant) {
    let status = Status(.unavailable, "the server is shutting down")
    for stream in session?.streams ?? [] { (stream.handler as? ServerCall)?.abort(status) }
    session?.submitGoAway(.noError, debug: "shutdown")
    connection?.closeAfterFlush(by: end, lingering: Self.drainLingering)
  }

  /// How long a drain waits for clients that keep their socket open when they have the last answer.
  private static let drainLingering = Duration.milliseconds(200)

  private func closeAfterFlush() {
    if core.phase == .serving {
      connection?.closeAfterFlush()
    } else {
      // Slow readers have the drain's whole grace: `end` comes then.
      connection?.closeAfterFlush(within: .seconds(86_400), lingering: Self.drainLingering)
    }
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
      session?.submitGoAway(.noError, debug: drainReason)
      // A client that reads nothing would hold its socket for ever.
      if calls == 0 { closeAfterFlush() }
    case .close:
      closeAfterFlush()
    }
    setNeedsWrite()
  }

  private func charge(_ count: Int, _ flood: Flood) {
    if !floods.admits(count, of: flood, now: loop.now) { violate(flood) }
  }

  /// Ends the connection for what its client did.
  ///
  /// - Parameter flood: what the GOAWAY says; nil where the session says it itself.
  private func violate(_ flood: Flood?) {
    guard !isViolated else { return }
    isViolated = true
    core.metrics?.violations.increment()
    if let flood {
      core.metrics?.reached(flood.limit)
      session?.submitGoAway(.enhanceYourCalm, debug: flood.reason)
    }
    closeAfterFlush()
  }

  private func timedOut(_ limit: Limit, _ code: ErrorCode, _ debug: String) {
    guard let connection, connection.isOpen else { return }
    core.metrics?.reached(limit)
    session?.submitGoAway(code, debug: debug)
    connection.closeAfterFlush(by: loop.now)
  }

  /// Gives each header block its time: CONTINUATION may be promised and never come.
  private func timeHeaders(_ block: Int?) {
    guard block != headers?.block else { return }
    if let headers { loop.cancel(headers.timer) }
    headers = block.map { block in
      let timer = loop.schedule(after: core.limits.headerTimeout) { [weak self] in
        self?.timedOut(.headerTimeout, .enhanceYourCalm, "headers")
      }
      return (timer, block)
    }
  }

  /// Asks a client to leave that has made no call for too long.
  private func watchIdleness() {
    switch idle.verdict(now: loop.now) {
    case .waiting(let until):
      idleTimer = loop.schedule(at: until) { [weak self] in self?.watchIdleness() }
    case .expired:
      idleTimer = nil
      guard drain.phase == .serving else { return }
      core.metrics?.reached(.connectionIdle)
      drainReason = "idle"
      beginDrain()
    }
  }

  private func settle() {
    guard isSettled, isAcknowledged, let handshake else { return }
    loop.cancel(handshake)
    self.handshake = nil
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
    core.connections.insert(LoopBound(self, on: loop), ObjectIdentifier(self), budget)
    handshake = loop.schedule(after: core.limits.handshakeTimeout) { [weak self] in
      self?.timedOut(.handshakeTimeout, .settingsTimeout, "handshake")
    }
    watchIdleness()
    connection.setNeedsWrite()
    switch core.phase {
    case .serving: break
    case .draining: beginDrain()
    case .ending: end(by: loop.now)
    }
  }

  func received(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let session, let connection else { return bytes.count }
    isReceiving = true
    defer { isReceiving = false }
    share = TurnShare(start: .monotonic)
    var taken = 0
    repeat {
      let end = min(taken + TurnShare.slice, bytes.count)
      do throws(SessionError) {
        try unsafe session.receive(UnsafeRawBufferPointer(rebasing: bytes[taken..<end]))
      } catch {
        violate(error.code == .excessHeaders ? .excessHeaders : nil)
        return bytes.count
      }
      chargeFloods(session)
      taken = end
    } while taken < bytes.count && connection.isOpen && !share.isUsedUp(now: .monotonic)
    timeHeaders(session.openBlock)
    if session.wantsToSend || session.isFinished { connection.setNeedsWrite() }
    return taken
  }

  private func chargeFloods(_ session: Session) {
    charge(session.emptyDataFrames, .emptyFrames)
    // A drain ignores streams of clients who cannot have heard of it yet.
    if drain.phase == .serving { charge(session.excessHeaderSize, .excessHeaders) }
  }

  /// Whoever says FIN can be told nothing that HTTP/2 would need answers to; what is ready is sent.
  func receivedEnd() { closeAfterFlush() }

  func gather(into output: inout ByteBuffer, limit: Int) -> Bool {
    guard let session, let connection else { return false }
    do throws(SessionError) {
      let hasMore = try session.gather(into: &output, limit: limit)
      if session.isFinished { closeAfterFlush() }
      return hasMore
    } catch {
      connection.close()
      return false
    }
  }

  func closed(_ reason: CloseReason) {
    connection = nil
    let timers = [handshake, headers?.timer, drainTimer, idleTimer, progressTimer]
    for timer in timers.compactMap({ $0 }) { loop.cancel(timer) }
    guard let session else { return }
    session.close(.cancel)
    self.session = nil
    core.connections.remove(ObjectIdentifier(self))
  }
}

// MARK: - The session

extension ServerConnection: SessionDelegate {
  func sessionOpened(_ stream: Stream, head: borrowing HeaderBlock, end: Bool) {
    guard let session else { return }
    share.calls += 1
    if let limit = acquireCall() {
      core.metrics?.reached(limit)
      return session.reset(stream, .refusedStream)
    }
    let timeout = Timeout.Field(head.apart)
    guard let admitted = admit(head, timeout, stream, session) else { return callEnded() }
    let call = ServerCall(
      connection: self, session: session, stream: stream, head: admitted,
      context: CallContext(
        path: admitted.route.method.path, metadata: admitted.request.metadata,
        deadline: timeout.nanoseconds.map { .now.advanced(by: .nanoseconds($0)) }, peer: peer,
        requestID: admitted.request.requestID, traceparent: admitted.request.traceparent))
    stream.handler = call
    call.open(timeout: timeout.nanoseconds)
    watchProgress()
  }

  func sessionRefusedStream() { core.metrics?.reached(.callsPerConnection) }

  /// - Returns: the limit that is reached; nil if the call may be.
  private func acquireCall() -> Limit? {
    guard calls < core.limits.callsPerConnection else { return .callsPerConnection }
    guard core.acquireCall() else { return .calls }
    if calls == 0 { idle.firstCallBegan() }
    calls += 1
    return nil
  }

  /// The request to be called, or nil after it was answered.
  private func admit(
    _ head: borrowing HeaderBlock, _ timeout: Timeout.Field, _ stream: Stream, _ session: Session
  ) -> AdmittedHead? {
    if let last = lastHead, core.phase != .ending, timeout != .malformed,
      head.equals(last.snapshot)
    {
      return last
    }
    switch RequestVerdict(head, timeout: timeout, headerLimit: core.limits.headerSize) {
    case .malformed:
      core.metrics?.rejected.increment()
      session.reset(stream, .protocolError)
    case .answered(let list):
      core.metrics?.rejected.increment()
      session.respond(stream, .list(list), body: false)
    case .rejected(let status):
      reject(stream, session, status, RequestVerdict.outline(of: head))
    case .accepted(let request):
      do throws(Status) {
        guard core.phase != .ending else {
          throw Status(.unavailable, "the server is shutting down")
        }
        let route = try core.router.route(request.path)
        guard request.encoding == nil else { throw request.unknownEncoding }
        let admitted = AdmittedHead(request: request, route: route, snapshot: head.snapshot())
        lastHead = admitted
        return admitted
      } catch {
        reject(stream, session, error, request)
      }
    }
    return nil
  }

  /// Answers with a status what never becomes a call.
  private func reject(
    _ stream: Stream, _ session: Session, _ status: Status, _ request: RequestHead
  ) {
    let context = CallContext(
      path: request.path, metadata: request.metadata, peer: peer, requestID: request.requestID,
      traceparent: request.traceparent)
    var trailing = Metadata()
    RequestIDField.append(context.requestID, to: &trailing)
    TraceField.append(context, to: &trailing)
    session.respond(
      stream,
      ResponseHeaders.trailersOnly(
        status, initial: [:], trailing: trailing, limit: core.limits.responseMetadataSize
      ).headers,
      body: false)
    core.rejected(context, as: status, on: loop)
  }

  func sessionReceivedReset(_ stream: Stream, code: ErrorCode) {
    charge(1, .resets)
  }

  func sessionReceivedSettings() {
    isSettled = true
    settle()
  }

  func sessionReceivedSettingsAck() {
    isAcknowledged = true
    settle()
  }

  func sessionReceivedPingAck(_ payload: UInt64) { perform(drain.pingAnswered(payload)) }

  func sessionReceivedGoAway(lastStream: Int32, code: ErrorCode, debug: String) {}
}
