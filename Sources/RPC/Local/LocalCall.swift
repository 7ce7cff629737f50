internal import EventLoop
internal import Messages
internal import Metrics

//   caller                                             handler's task
//     send, finish ──> requests: LocalPipe  ──> poll, arrival
//     poll, arrival <── responses: LocalPipe <── send, drained
//                         LocalCall: machine, deadline, task, end
//
// The order of events is the same machine's that rules calls on the wire; only there is no stream
// whose close could be waited for, so a call that is answered is closed at once.

/// The server's side of a call within the process. On its loop only.
final class LocalCall {
  private let core: ServerCore
  private let loop: EventLoop
  private let route: Route
  private let context: CallContext
  private let requests: LocalPipe
  private let responses: LocalPipe
  private var machine: ServerCallMachine
  private var task: Task<Void, Never>?
  private var deadline: TimerToken?
  private var isForgotten = false
  private let started: LoopInstant

  init(
    core: ServerCore, loop: EventLoop, route: Route, context: CallContext, requests: LocalPipe,
    responses: LocalPipe
  ) {
    self.core = core
    self.loop = loop
    self.route = route
    self.context = context
    self.requests = requests
    self.responses = responses
    machine = ServerCallMachine(shape: route.method.shape)
    started = .monotonic
  }

  /// To be called once, first.
  func open(timeout: Duration?) {
    if let timeout {
      guard timeout > .zero else { return perform(machine.failed(.deadlinePassed)) }
      deadline = loop.schedule(at: loop.now.advanced(by: timeout), self)
    }
    do throws(Status) { try route.admit(context) } catch {
      return perform(machine.failed(error))
    }
    perform(machine.opened())
  }

  // MARK: What the caller does

  /// A request was queued.
  func sent() { perform(machine.received(messages: 1)) }

  /// No more requests come.
  func finished() { perform(machine.receivedEnd(isCut: false)) }

  /// The caller wants no answer any more.
  func givenUp() {
    guard machine.phase != .closed else { return }
    let reason = Status(.cancelled, "the caller gave the call up")
    let action = machine.closed(reason)
    breakOff(reason)
    perform(action)
    forgetIfOver()
  }

  // MARK: Actions

  private func perform(_ action: ServerCallMachine.Action) {
    switch action {
    case .none: break
    case .startHandler: startHandler()
    case .finish(let failure): finish(failure)
    case .abort(let status):
      if let limit = status.cause as? Limit { core.metrics?.reached(limit) }
      breakOff(status.sent(context))
      task?.cancel()
      close(status)
    case .cancelHandler: task?.cancel()
    }
  }

  private func startHandler() {
    let call = LoopBound(self, on: loop)
    let method = route.method
    let (requests, responses, context) = (requests, responses, context)
    let task = Task.immediate(executorPreference: loop) {
      await runLocally(method, requests, responses, context, call)
    }
    if machine.handler == .running { self.task = task }
  }

  /// The handler's status behind its messages, with the metadata that a client would be sent.
  private func finish(_ failure: Status?) {
    var outcome = failure?.sent(context) ?? Status(.ok)
    for entry in context.trailingMetadata.entries { outcome.metadata.append(entry) }
    responses.finish(outcome)
    requests.fail(Status(.cancelled, "the call has ended"))
    close(outcome)
  }

  private func breakOff(_ status: Status) {
    responses.fail(status)
    requests.fail(status)
  }

  private func close(_ status: Status) {
    _ = machine.closed(status)
    forgetIfOver()
  }

  fileprivate func handlerEnded(_ failure: Status?) {
    perform(machine.handlerEnded(failure))
    forgetIfOver()
  }

  private func forgetIfOver() {
    if machine.phase == .closed, let deadline {
      loop.cancel(deadline)
      self.deadline = nil
    }
    guard machine.isOver, !isForgotten else { return }
    isForgotten = true
    task = nil
    core.releaseCall()
    core.ended(context, of: route, as: machine.status, since: started, on: loop) {
      (requests.traffic, responses.traffic)
    }
  }
}

extension LocalCall: TimerHandler {
  func timerFired(_ token: TimerToken) {
    deadline = nil
    perform(machine.failed(.deadlinePassed))
  }
}

/// Runs a handler to its end. A function of its own: the task reaches the call only at its end.
private func runLocally(
  _ method: MethodHandler, _ requests: LocalPipe, _ responses: LocalPipe, _ context: CallContext,
  _ call: LoopBound<LocalCall>
) async {
  var failure: Status?
  do { try await method.call(requests, responses, context) } catch {
    failure = Status(handlerThrew: error)
  }
  requests.release()
  if call.loop.isCurrent { return call.value.handlerEnded(failure) }
  let end = failure
  call.loop.execute { call.value.handlerEnded(end) }
}
