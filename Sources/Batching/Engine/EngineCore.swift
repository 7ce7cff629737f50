internal import Synchronization
internal import Threads

/// The engine's queue and thread. The thread keeps the core alive; the `Engine` that owns it stops
/// it.
final class EngineCore: Sendable {
  private struct State {
    var queue: FairQueue
    /// By lane.
    var jobs: [Int: EngineJob] = [:]
    var current: (lane: String, since: ContinuousClock.Instant)?
    /// What finished jobs took.
    var busy: Duration = .zero
    var isStopped = false
  }

  private enum Turn {
    case run(EngineJob)
    case wait(Duration)
    case idle
    case stopped
  }

  private let state: Mutex<State>
  /// One signal for each job accepted, and one for stopping.
  private let signals = Semaphore()
  private let thread = OwnedThread()
  private let spin: Duration
  private let now: @Sendable () -> ContinuousClock.Instant

  init(
    spin: Duration, patience: Duration, now: @escaping @Sendable () -> ContinuousClock.Instant
  ) {
    self.spin = spin
    self.now = now
    state = Mutex(State(queue: FairQueue(patience: patience)))
  }

  func start() throws(ThreadError) {
    try thread.start("engine") { self.work() }
  }

  // MARK: Lanes

  func open() -> Int { state.withLock { $0.queue.open() } }

  func close(_ lane: Int) { state.withLock { $0.queue.close(lane) } }

  func isContended(besides lane: Int) -> Bool {
    let now = now()
    return state.withLock { $0.queue.isContended(besides: lane, now: now) }
  }

  func submit(_ job: EngineJob) {
    let accepted = state.withLock { state in
      if state.isStopped { return false }
      state.jobs[job.lane] = job
      state.queue.submit(job.lane)
      return true
    }
    if accepted { signals.signal() } else { job.body(.stopped)() }
  }

  // MARK: The thread

  private func work() {
    while true {
      switch turn() {
      case .run(let job):
        signals.take()
        let handBack = job.body(nil)
        finish(job)
        handBack()
      case .wait(let patience):
        if !signals.wait(atMost: patience) { state.withLock { $0.queue.giveUp(now: now()) } }
      case .idle: signals.wait(spinning: spin)
      case .stopped: return
      }
    }
  }

  private func turn() -> Turn {
    state.withLock { state in
      if state.isStopped { return .stopped }
      let now = now()
      switch state.queue.next(now: now) {
      case .run(let lane):
        guard let job = state.jobs.removeValue(forKey: lane) else { return .idle }
        state.current = (job.name, now)
        return .run(job)
      case .wait(let until): return .wait(now.duration(to: until))
      case .idle: return .idle
      }
    }
  }

  private func finish(_ job: EngineJob) {
    let now = now()
    state.withLock { state in
      if let since = state.current?.since { state.busy += since.duration(to: now) }
      state.current = nil
      state.queue.finished(job.lane, comesBack: job.comesBack, now: now)
    }
  }

  func stop() {
    let refused = state.withLock { state in
      state.isStopped = true
      defer { state.jobs = [:] }
      return state.jobs.values.map(\.body)
    }
    signals.signal()
    for body in refused { body(.stopped)() }
    thread.join()
  }

  // MARK: What it does

  var busyTime: Duration {
    let now = now()
    return state.withLock { state in
      state.busy + (state.current.map { max(.zero, $0.since.duration(to: now)) } ?? .zero)
    }
  }

  func health(now: ContinuousClock.Instant) -> EngineHealth {
    state.withLock { state in
      EngineHealth(
        lane: state.current?.lane,
        busy: state.current.map { max(.zero, $0.since.duration(to: now)) } ?? .zero,
        waiting: state.queue.waitingCount, isStopped: state.isStopped)
    }
  }
}
