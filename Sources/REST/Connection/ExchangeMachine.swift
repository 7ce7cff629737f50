//              whole body             answer               last byte
//   receiving ────────────> running ─────────> answering ────────────> over
//       │  (refused by head)    │ client gone        │ client gone       ▲
//       └───────────────────────┴────────────────────┴───────────────────┘
//
// libmicrohttpd is asked to leave the connection alone (`suspended`) where the handler still runs
// when it looks at the request again, and while an answer that is written as it is made has nothing
// to send. Being left alone and looked at again costs three system calls.

/// What happens to one request, and in which order; knows no library, no bytes and no task.
struct ExchangeMachine: Sendable {
  enum Phase: Sendable { case receiving, running, answering, over }

  private(set) var phase = Phase.receiving
  private(set) var isSuspended = false

  /// What to do in the library's callback for a request that is whole.
  enum Callback: Sendable, Equatable { case start, queue, suspend, wait }

  /// The library says that the request is whole: the first time, and whenever it looks again.
  mutating func whole() -> Callback {
    switch phase {
    case .receiving:
      phase = .running
      return .start
    case .answering: return .queue
    case .running where !isSuspended:
      isSuspended = true
      return .suspend
    case .running, .over: return .wait
    }
  }

  /// There is an answer.
  ///
  /// - Returns: whether to resume the connection; nil if nobody wants the answer any more.
  mutating func answered() -> Bool? {
    guard phase == .running || phase == .receiving else { return nil }
    phase = .answering
    return takeSuspension()
  }

  /// The answer's body has nothing to send now.
  ///
  /// - Returns: whether to suspend the connection.
  mutating func ranDry() -> Bool {
    guard phase == .answering, !isSuspended else { return false }
    isSuspended = true
    return true
  }

  /// The answer's body has bytes again, or has ended.
  ///
  /// - Returns: whether to resume the connection.
  mutating func fed() -> Bool {
    guard phase == .answering else { return false }
    return takeSuspension()
  }

  /// The library is done with the request, for whatever reason.
  ///
  /// - Returns: whether a handler may still run, which nobody waits for any more.
  mutating func completed() -> Bool {
    defer { phase = .over }
    return phase == .running || phase == .answering
  }

  private mutating func takeSuspension() -> Bool {
    defer { isSuspended = false }
    return isSuspended
  }
}
