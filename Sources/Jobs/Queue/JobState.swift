//                      claim                   succeed
//  submit ──▶ queued ─────────▶ running ─────────────────▶ succeeded
//              ▲ │                │ │ └─ fail ───────────▶ failed
//              │ └──── cancel ────┼─┴─ cancel ───────────▶ cancelled
//              ├── give back ─────┤
//              └── lose ──────────┴─ lose, the last attempt ─▶ failed
//
// What has ended stays as it is.

/// Where a job is in its life; raw values stand in the database.
package enum JobState: Int, Sendable, CaseIterable {
  /// Waits for its turn.
  case queued = 1
  case running = 2
  case succeeded = 3
  case failed = 4
  case cancelled = 5

  package var isEnd: Bool { self != .queued && self != .running }

  package var name: String { "\(self)" }
}

/// A job's state and how often it has been started: all that decides what may come next.
struct JobLife: Sendable, Equatable {
  enum Event: Sendable, CaseIterable {
    /// Somebody begins with the work.
    case claim
    /// Whoever works on it stops in an orderly way: this start did not count.
    case giveBack
    /// Whoever worked on it was not heard of any more.
    case lose
    case succeed
    case fail
    case cancel
  }

  private(set) var state = JobState.queued
  /// Starts so far, one that is under way included.
  private(set) var attempts = 0

  init() {}

  init(state: JobState, attempts: Int) {
    self.state = state
    self.attempts = attempts
  }

  /// Takes the step that an event asks for.
  ///
  /// - Parameter attemptLimit: starts after which a lost job is not tried again.
  /// - Returns: false, with nothing changed, where the event means nothing in this state.
  mutating func apply(_ event: Event, attemptLimit: Int) -> Bool {
    switch (state, event) {
    case (.queued, .claim):
      state = .running
      attempts += 1
    case (.running, .giveBack):
      state = .queued
      attempts -= 1
    case (.running, .lose): state = attempts < attemptLimit ? .queued : .failed
    case (.running, .succeed): state = .succeeded
    case (.running, .fail): state = .failed
    case (.queued, .cancel), (.running, .cancel): state = .cancelled
    default: return false
    }
    return true
  }
}
