internal import EventLoop
internal import HTTP2
internal import Messages

/// One call on a server: joins its stream, its machine, its channel and its handler's task.
///
/// Lives on its connection's loop. Its handler knows only the channel and the context, so a
/// handler that outlives the connection touches neither.
final class ServerCall {
  private let connection: ServerConnection
  /// Does nothing any more once the connection is gone.
  private let session: Session
  private let stream: Stream
  private let head: AdmittedHead
  private let context: CallContext
  private let channel: CallChannel
  private var machine: ServerCallMachine
  private var task: Task<Void, Never>?
  private var deadline: TimerToken?
  private var headSent = false
  private let started: LoopInstant
  /// Of the client with its messages, and with ours.
  private var sending: ProgressMachine
  private var reading = ProgressMachine(least: 1, start: nil)

  private var limits: ServerLimits { connection.core.limits }

  init(
    connection: ServerConnection, session: Session, stream: Stream, head: AdmittedHead,
    context: CallContext
  ) {
    self.connection = connection
    self.session = session
    self.stream = stream
    self.head = head
    self.context = context
    machine = ServerCallMachine(shape: head.route.method.shape)
    started = connection.loop.now
    sending = ProgressMachine(least: 4 << 10, start: started)
    channel = CallChannel(
      loop: connection.loop, budget: connection.budget,
      messageSize: connection.core.limits.messageSize,
      sendQueue: connection.core.limits.sendQueue, holdsMessages: true)
    unsafe channel.owner = self
  }

  /// To be called once, when `stream.handler` is set.
  func open(timeout: Int64?) {
    if let timeout {
      guard timeout > 0 else { return perform(machine.failed(.deadlinePassed)) }
      let end = connection.loop.now.advanced(byNanoseconds: timeout)
      deadline = connection.loop.schedule(at: end, self)
    }
    do throws(Status) { try head.route.admit(context) } catch {
      return perform(machine.failed(error))
    }
    perform(machine.opened())
  }

  /// The connection ends in good order but must end now.
  func abort(_ status: Status) { perform(machine.failed(status)) }

  /// Bytes of a message that has begun to come in and not ended.
  var halfSent: Int { channel.progress.halfSent }

  /// Ends the call if its client has not got on for too long.
  func checkProgress(now: LoopInstant) {
    let progress = channel.progress
    let owesMessage =
      machine.phase == .collecting || (machine.phase == .running && progress.halfSent > 0)
    if sending.isStalled(
      isAwaited: owesMessage, bytes: progress.arrived, limit: limits.messageTimeout, now: now)
    {
      return perform(machine.failed(.stalledRequest(limits.messageTimeout)))
    }
    if reading.isStalled(
      isAwaited: progress.unread > 0, bytes: progress.taken, limit: limits.readerTimeout, now: now)
    {
      leaveReader(.stalledReader(limits.readerTimeout))
    }
  }

  private func leaveReader(_ status: Status) {
    guard machine.phase == .answered else { return perform(machine.failed(status)) }
    // The status is queued behind what nobody reads.
    machine.answerRefused(status)
    connection.core.metrics?.reached(.readerTimeout)
    session.reset(stream, .cancel)
    connection.setNeedsWrite()
  }

  private static let ended = Status(.cancelled, "the call has ended")

  // MARK: Actions

  private func perform(_ action: ServerCallMachine.Action) {
    switch action {
    case .none: break
    case .startHandler: startHandler()
    case .finish(let failure): finish(failure)
    case .abort(let status): abortNow(status)
    case .cancelHandler: task?.cancel()
    }
  }

  private func startHandler() {
    if machine.shape != .unary { session.takeTurns(stream) }
    let head = head
    let context = context
    let channel = channel
    let task = Task.immediate(executorPreference: connection.loop) {
      await runHandler(head, channel, context)
    }
    if machine.handler == .running { self.task = task }
  }

  /// The status behind the handler's messages, or alone if there were none.
  private func finish(_ failure: Status?) {
    task = nil
    cancelDeadline()
    guard stream.isOpen else { return }
    let trailing = failure == nil ? context.trailingMetadata : identified(context.trailingMetadata)
    let limit = limits.responseMetadataSize
    if !headSent && !channel.hasBody {
      headSent = true
      session.consume(channel.fail(Self.ended), on: stream)
      let initial = failure == nil ? initialMetadata : context.initialMetadata
      let ending = ResponseHeaders.trailersOnly(
        failure ?? Status(.ok), initial: initial, trailing: trailing, limit: limit)
      session.respond(stream, accounted(ending), body: false)
    } else {
      let ending = ResponseHeaders.trailers(failure, trailing, limit: limit)
      channel.endBody(.trailers(accounted(ending)))
    }
    connection.setNeedsWrite()
  }

  /// The headers of a response's end; where they say something else than the handler did, so do log
  /// and metrics.
  private func accounted(_ ending: ResponseHeaders.Ending) -> Headers {
    guard let refusal = ending.refusal else { return ending.headers }
    machine.answerRefused(refusal)
    if let limit = refusal.cause as? Limit { connection.core.metrics?.reached(limit) }
    return ending.headers
  }

  /// The status at once: it overtakes what is queued, which nobody wants any more.
  private func abortNow(_ status: Status) {
    cancelDeadline()
    session.consume(channel.fail(status), on: stream)
    task?.cancel()
    if let limit = status.cause as? Limit { connection.core.metrics?.reached(limit) }
    guard stream.isOpen else { return }
    let limit = limits.responseMetadataSize
    let trailing = identified([:])
    if headSent {
      let ending = ResponseHeaders.trailers(status, trailing, limit: limit)
      session.submitTrailers(stream, accounted(ending))
    } else {
      headSent = true
      let ending = ResponseHeaders.trailersOnly(
        status, initial: [:], trailing: trailing, limit: limit)
      session.respond(stream, accounted(ending), body: false)
    }
    connection.setNeedsWrite()
  }

  /// The handler's, with the call's id and its span for a client that has given its own.
  private var initialMetadata: Metadata {
    var metadata = context.initialMetadata
    if head.request.requestID != nil { RequestIDField.append(context.requestID, to: &metadata) }
    TraceField.append(context, to: &metadata)
    return metadata
  }

  /// With the call's id. A call that failed has it among its trailers even if the client gave none:
  /// it is what to ask the log for.
  private func identified(_ metadata: Metadata) -> Metadata {
    var metadata = metadata
    RequestIDField.append(context.requestID, to: &metadata)
    TraceField.append(context, to: &metadata)
    return metadata
  }

  private func cancelDeadline() {
    guard let token = deadline else { return }
    connection.loop.cancel(token)
    deadline = nil
  }

  private func forgetIfOver() {
    guard machine.isOver, unsafe channel.owner != nil else { return }
    unsafe channel.owner = nil
    task = nil
    connection.callEnded()
    connection.core.ended(
      context, of: head.route, as: machine.status, since: started, on: connection.loop
    ) { channel.traffic }
  }
}

// MARK: - Events of the stream

extension ServerCall: StreamHandler {
  func streamReceivedHead(_ head: borrowing HeaderBlock, end: Bool) {}
  func streamReceivedTrailers(_ trailers: borrowing HeaderBlock) {}

  func streamReceived(_ bytes: UnsafeRawBufferPointer) {
    do throws(Status) {
      let receipt = try unsafe channel.receive(bytes)
      session.consume(receipt.freed, on: stream)
      if receipt.messages > 0 { perform(machine.received(messages: receipt.messages)) }
    } catch {
      perform(machine.failed(error))
    }
    if connection.core.memory.isNearlyFull { connection.core.relieve() }
  }

  func streamReceivedEnd() {
    perform(machine.receivedEnd(isCut: channel.receiveEnd()))
  }

  func streamClosed(_ code: ErrorCode) {
    cancelDeadline()
    guard machine.phase != .answered else {
      // As every call that went well ends: nothing is left to be cancelled.
      session.consume(channel.fail(Self.ended), on: stream)
      _ = machine.closed(Self.ended)
      return forgetIfOver()
    }
    let reason = Status(
      code == .noError || code == .cancel ? .cancelled : .unavailable,
      "the stream was closed with \(code)")
    let action = machine.closed(reason)
    // Whatever the handler still does, its bytes are dropped and no longer counted.
    session.consume(channel.fail(reason), on: stream)
    perform(action)
    forgetIfOver()
  }

  func streamBody(limit: Int) -> StreamBody {
    switch channel.body(limit: limit) {
    case .dry: return .pending
    case .bytes(let count): return .bytes(count)
    case .last(let count, .endOfStream): return .end(count)
    case .last(let count, .trailers(let headers)):
      session.submitTrailers(stream, headers)
      return .trailers(count)
    }
  }

  func streamCopyBody(to target: UnsafeMutableRawBufferPointer) {
    unsafe channel.copyBody(to: target)
  }
}

// MARK: - Events of the handler and of time

extension ServerCall: CallChannelOwner, TimerHandler {
  func channelHasBody() {
    guard stream.isOpen else { return }
    if headSent {
      session.resume(stream)
    } else {
      do throws(Status) {
        let head = try ResponseHeaders.head(
          initialMetadata, limit: limits.responseMetadataSize)
        headSent = true
        session.respond(stream, head, body: true)
      } catch {
        return perform(machine.failed(error))
      }
    }
    connection.setNeedsWrite()
  }

  func channelFreed(_ count: Int) {
    session.consume(count, on: stream)
    connection.setNeedsWrite()
  }

  func channelEnded(_ failure: Status?) {
    perform(machine.handlerEnded(failure))
    forgetIfOver()
  }

  func timerFired(_ token: TimerToken) {
    deadline = nil
    perform(machine.failed(.deadlinePassed))
  }
}

/// Runs a handler to its end. A function of its own: the task must not know the call.
private func runHandler(
  _ head: AdmittedHead, _ channel: CallChannel, _ context: CallContext
) async {
  do {
    try await head.route.method.call(channel, channel, context)
    channel.end(nil)
  } catch {
    channel.end(Status(handlerThrew: error))
  }
}

extension Status {
  /// What a handler's error means to its client; causes stay here.
  init(handlerThrew error: any Error) {
    self =
      switch error {
      case let status as Status: status
      case let error as DecodingError: Status(.internal, "the request does not parse: \(error)")
      case is CancellationError: Status(.cancelled, "the call was cancelled")
      default: Status(.unknown, "the handler failed", cause: error)
      }
  }

  static let deadlinePassed = Status(.deadlineExceeded, "the call's deadline has passed")
}
