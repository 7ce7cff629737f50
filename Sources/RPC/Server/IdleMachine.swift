internal import EventLoop

//   idle ── first call begins ──> busy ── last call ends ──> idle … ── verdict at `due` ──> expired
//
// One timer for the connection's life and none for a call: it fires when the limit can first be
// passed, and is set again where there were calls in between.

/// How long a connection has been without calls.
struct IdleMachine: Sendable {
  enum Verdict: Sendable, Equatable {
    case expired
    /// To be asked again then.
    case waiting(until: LoopInstant)
  }

  private let limit: Duration
  /// Nil while there are calls.
  private var idleSince: LoopInstant?

  init(limit: Duration, now: LoopInstant) {
    self.limit = limit
    idleSince = now
  }

  mutating func firstCallBegan() { idleSince = nil }

  mutating func lastCallEnded(now: LoopInstant) { idleSince = now }

  func verdict(now: LoopInstant) -> Verdict {
    let due = (idleSince ?? now).advanced(by: limit)
    return idleSince != nil && due <= now ? .expired : .waiting(until: due)
  }
}
