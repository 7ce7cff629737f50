import Synchronization
package import Threads

/// The thread on which all models compute.
///
///     lane A ──job──┐
///     lane B ──job──┼─▶ FIFO ─▶ engine thread ─▶ continuation ─▶ the lane's executor (one hop)
///     lane C ──job──┘
///
/// A lane has at most one job outstanding, so first in, first out is a fair round robin: encoder
/// batches and steps of language models take turns, and the queue is never longer than the lanes.
package final class Engine: Sendable {
  private let core: EngineCore

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - spin: how long it polls for the next job before it sleeps. A sleeping thread on another
  ///     core takes some 50 µs to wake, a polling one 2 µs; idle it burns nothing beyond this.
  ///   - now: the monotonic clock of `health`.
  package init(
    spin: Duration = .microseconds(20),
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) throws(ThreadError) {
    core = EngineCore(spin: spin, now: now)
    try core.start()
  }

  deinit { core.stop() }

  /// A new place in the round robin, for one batcher or scheduler.
  package func lane(_ name: String) -> EngineLane { EngineLane(name: name, core: core) }

  package func health(now: ContinuousClock.Instant) -> EngineHealth { core.health(now: now) }

  /// Finishes the current job, answers waiting ones with `BatchingError.stopped`, and joins the
  /// thread. Blocks for as long as the current job takes; may be called more than once.
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

/// One model's place on the engine.
package final class EngineLane: Sendable {
  package let name: String
  private let core: EngineCore
  private let occupied = Atomic(false)

  init(name: String, core: EngineCore) {
    self.name = name
    self.core = core
  }

  /// Runs `work` on the engine's thread when it is this lane's turn, and comes back to the
  /// caller's executor.
  ///
  /// - Throws: what `work` throws, or `BatchingError.stopped`. A lane's owner has one job at a
  ///   time; a second one meanwhile is refused, so that the engine's queue stays bounded.
  package func run<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    guard !occupied.exchange(true, ordering: .acquiring) else {
      throw BatchingError(.invalidRequest, "lane \(name) already has a job on the engine")
    }
    defer { occupied.store(false, ordering: .releasing) }
    return try await Promise.wait { promise in
      core.submit(
        EngineJob(lane: name) { refusal in
          if let refusal { return promise.fail(refusal) }
          do { promise.succeed(try work()) } catch { promise.fail(error) }
        })
    }
  }
}

struct EngineJob: Sendable {
  var lane: String
  /// Called once: with nil on the engine's thread, or with the reason why it never will run.
  var body: @Sendable (BatchingError?) -> Void
}
