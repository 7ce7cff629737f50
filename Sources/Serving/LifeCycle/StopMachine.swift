internal import EventLoop

//   serving ── signal ──> stopping ── second signal ──> ended
//                            └─────── time over ──────> ended
//
// The clean end comes from elsewhere: the process is gone then.

/// What signals and time mean to a process that is to stop.
struct StopMachine: Sendable {
  enum Action: Sendable, Equatable {
    case none
    /// Finish what runs.
    case stop
    /// End the process now, with that exit code.
    case end(code: Int32)
    /// The same, and say what was still running.
    case giveUp(code: Int32)
  }

  private var first: ProcessSignal?
  /// When stopping is given up; nil while serving.
  private(set) var end: LoopInstant?

  /// - Parameter patience: how long a stop may take.
  mutating func received(
    _ signal: ProcessSignal, patience: Duration, now: LoopInstant
  ) -> Action {
    guard first == nil else { return .end(code: Self.code(signal)) }
    first = signal
    end = now.advanced(by: patience)
    return .stop
  }

  func elapsed(now: LoopInstant) -> Action {
    guard let first, let end, end <= now else { return .none }
    return .giveUp(code: Self.code(first))
  }

  /// As shells tell that a signal ended a process.
  private static func code(_ signal: ProcessSignal) -> Int32 { 128 + signal.rawValue }
}
