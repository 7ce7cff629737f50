package import Threads

/// The thread on which all models compute.
///
///     lane A ──job──┐
///     lane B ──job──┼─▶ fair queue ─▶ engine thread ─▶ continuation ─▶ the lane's executor
///     lane C ──job──┘                                                  (one hop)
///
/// Lanes with work get the same share of its time (`FairQueue`), however long the jobs of each are.
/// A lane has at most one job outstanding, so the queue is never longer than the lanes.
package final class Engine: Sendable {
  private let core: EngineCore

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - spin: how long it polls for the next job before it sleeps. A sleeping thread on another
  ///     core takes some 50 µs to wake, a polling one 2 µs; idle it burns nothing beyond this.
  ///   - patience: how long it waits for a lane that comes back, while others wait. Twice across
  ///     threads, which that takes, is some 60 µs where the loop has nothing else to do.
  ///   - now: the monotonic clock of shares and `health`.
  package init(
    spin: Duration = .microseconds(20), patience: Duration = .microseconds(500),
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) throws(ThreadError) {
    core = EngineCore(spin: spin, patience: patience, now: now)
    try core.start()
  }

  deinit { core.stop() }

  /// A new share of the engine, for one batcher or scheduler.
  package func lane(_ name: String) -> EngineLane { EngineLane(name: name, core: core) }

  package func health(now: ContinuousClock.Instant) -> EngineHealth { core.health(now: now) }

  /// What all jobs together took, the current one so far included.
  package var busyTime: Duration { core.busyTime }

  /// Finishes the current job and those that gave way to it, answers waiting ones with
  /// `BatchingError.stopped`, and joins the thread. Blocks for as long as those take; may be called
  /// more than once.
  package func stop() { core.stop() }
}

/// What the engine does, for readiness: a job that runs for very long means it is stuck.
package struct EngineHealth: Sendable, Equatable {
  /// Whose job runs; nil when idle.
  package var lane: String?
  /// For how long it has been running; zero when idle.
  package var busy: Duration
  /// Lanes waiting for their turn.
  package var waiting: Int
  package var isStopped: Bool
}
