import Synchronization
import Threads

/// The engine's queue and thread. The thread keeps the core alive; the `Engine` that owns it stops it.
final class EngineCore: Sendable {
  private struct State {
    var jobs: [EngineJob] = []
    var current: (lane: String, since: ContinuousClock.Instant)?
    var isStopped = false
    var thread: SystemThread?
  }

  private let state = Mutex(State())
  /// One signal for each queued job, and one for stopping.
  private let signals = Semaphore()
  private let spin: Duration
  private let now: @Sendable () -> ContinuousClock.Instant

  init(spin: Duration, now: @escaping @Sendable () -> ContinuousClock.Instant) {
    self.spin = spin
    self.now = now
  }

  func start() throws(ThreadError) {
    let thread = try SystemThread("engine") { self.run() }
    state.withLock { $0.thread = thread }
  }

  func submit(_ job: EngineJob) {
    let accepted = state.withLock { state in
      if state.isStopped { return false }
      state.jobs.append(job)
      return true
    }
    if accepted { signals.signal() } else { job.body(.stopped) }
  }

  func run() {
    while true {
      signals.wait(spinning: spin)
      let (job, isStopped) = state.withLock { state -> (EngineJob?, Bool) in
        if state.isStopped || state.jobs.isEmpty { return (nil, state.isStopped) }
        let job = state.jobs.removeFirst()  // As many as there are lanes: a handful.
        state.current = (job.lane, now())
        return (job, false)
      }
      if isStopped { return }
      guard let job else { continue }
      job.body(nil)
      state.withLock { $0.current = nil }
    }
  }

  func stop() {
    let (refused, thread) = state.withLock { state in
      state.isStopped = true
      defer {
        state.jobs = []
        state.thread = nil
      }
      return (state.jobs, state.thread)
    }
    signals.signal()
    for job in refused { job.body(.stopped) }
    guard let thread else { return }
    if thread.isCurrent {
      thread.detach()  // The last reference went away inside a job.
    } else {
      thread.join()
    }
  }

  func health(now: ContinuousClock.Instant) -> EngineHealth {
    state.withLock { state in
      EngineHealth(
        lane: state.current?.lane,
        busy: state.current.map { max(.zero, $0.since.duration(to: now)) } ?? .zero,
        waiting: state.jobs.count, isStopped: state.isStopped)
    }
  }
}
