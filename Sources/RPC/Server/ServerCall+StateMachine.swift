internal import Messages

//                 messages, end of stream                 handler ended
//   collecting ─────────────────────────────> running ─────────────────> answered ──> closed
//       │  (streaming requests: at the head)     │                           ▲           ▲
//       │                                        │ deadline, broken message, │           │
//       └── zero or several messages, ───────────┴── limits ─────────────────┘           │
//           broken message, deadline                                                     │
//   reset by the peer, connection lost, from everywhere ─────────────────────────────────┘
//
// A handler may still run in `answered` and `closed`; it was cancelled then, and its end counts.

/// What one server call does next, and in which order; knows no bytes, no session and no clock.
struct ServerCallMachine: Sendable {
  enum Phase: Sendable { case collecting, running, answered, closed }
  enum HandlerState: Sendable { case notStarted, running, ended }

  enum Action: Sendable {
    case none
    case startHandler
    /// Send the handler's status behind its messages; nil is OK.
    case finish(Status?)
    /// Drop what is queued, cancel the handler if it runs, and send the status at once.
    case abort(Status)
    /// The stream is gone: cancel the handler.
    case cancelHandler
  }

  let shape: MethodHandler.Shape
  private(set) var phase = Phase.collecting
  private(set) var handler = HandlerState.notStarted
  private var messages = 0
  /// What went wrong, if something did.
  private var failure: Status?
  private var isSettled = false
  /// The outcome, once it is settled.
  var status: Status? { isSettled ? failure ?? Status(.ok) : nil }

  init(shape: MethodHandler.Shape) { self.shape = shape }

  private var takesOneMessage: Bool { shape == .unary || shape == .serverStreaming }

  /// Nothing is left to happen: the call can be forgotten.
  var isOver: Bool { phase == .closed && handler != .running }

  mutating func opened() -> Action { takesOneMessage ? .none : start() }

  mutating func received(messages count: Int) -> Action {
    messages += count
    guard takesOneMessage, messages > 1, phase == .collecting else { return .none }
    return abort(
      Status(.unimplemented, "this method takes one request message; a second one came"))
  }

  mutating func receivedEnd(isCut: Bool) -> Action {
    guard phase == .collecting || phase == .running else { return .none }
    if isCut {
      return abort(Status(.internal, "the request ended within a message"))
    }
    guard takesOneMessage, phase == .collecting else { return .none }
    guard messages == 1 else {
      return abort(Status(.unimplemented, "this method takes one request message; none came"))
    }
    return start()
  }

  /// The call is to end now with `status`: a limit, a broken message, the deadline.
  mutating func failed(_ status: Status) -> Action {
    guard phase == .collecting || phase == .running else { return .none }
    return abort(status)
  }

  /// - Parameter failure: nil if the handler ended well.
  mutating func handlerEnded(_ failure: Status?) -> Action {
    handler = .ended
    guard phase == .running else { return .none }
    phase = .answered
    settle(failure)
    return .finish(failure)
  }

  /// What the handler answered cannot be sent: the client is told `failure` in its place.
  mutating func answerRefused(_ failure: Status) { settle(failure) }

  /// The stream is gone, for whatever reason.
  mutating func closed(_ reason: Status) -> Action {
    let before = phase
    phase = .closed
    guard before != .closed, before != .answered else { return .none }
    settle(reason)
    return handler == .running ? .cancelHandler : .none
  }

  private mutating func start() -> Action {
    phase = .running
    handler = .running
    return .startHandler
  }

  private mutating func abort(_ status: Status) -> Action {
    phase = .answered
    settle(status)
    return .abort(status)
  }

  private mutating func settle(_ failure: Status?) {
    self.failure = failure
    isSettled = true
  }
}
