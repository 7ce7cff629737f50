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
    /// What jobs took that are finished or paused.
    var busy: Duration = .zero
    /// Jobs that give way to the current one.
    var paused = 0
    var isStopped = false
  }

  private enum Turn {
    case run(EngineJob)
    case wait(Duration)
    case idle
    case stopped
  }

  /// Most jobs that are paused at a time: each holds its memory, and a place on the thread's stack.
  static let pauseLimit = 8

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
      case .run(let job): perform(job)
      case .wait(let patience): wait(patience)
      case .idle: signals.wait(spinning: spin)
      case .stopped: return
      }
    }
  }

  private func perform(_ job: EngineJob) {
    signals.take()
    let handBack = job.body(nil)
    finish(job)
    handBack()
  }

  private func wait(_ patience: Duration) {
    if !signals.wait(atMost: patience) { state.withLock { $0.queue.giveUp(now: now()) } }
  }

  /// From the lane's own job: those whose turn it is by now compute first, within the call.
  ///
  /// - Parameter slice: for so long a job need not give way.
  /// - Returns: how long that took.
  func giveWay(_ lane: Int, _ name: String, after slice: Duration) -> Duration {
    let start = now()
    guard pause(lane, after: slice, now: start) else { return .zero }
    while true {
      switch turn(before: lane) {
      case .run(let job): perform(job)
      case .wait(let patience): wait(patience)
      case .idle, .stopped:
        let end = now()
        resume(lane, name, now: end)
        return start.duration(to: end)
      }
    }
  }

  private func pause(_ lane: Int, after slice: Duration, now: ContinuousClock.Instant) -> Bool {
    state.withLock { state in
      guard let since = state.current?.since, since.duration(to: now) >= slice,
        state.paused < Self.pauseLimit
      else { return false }
      state.busy += since.duration(to: now)
      state.current = nil
      state.paused += 1
      state.queue.pause(lane, now: now)
      return true
    }
  }

  private func resume(_ lane: Int, _ name: String, now: ContinuousClock.Instant) {
    state.withLock { state in
      state.current = (name, now)
      state.paused -= 1
      state.queue.resume(lane, now: now)
    }
  }

  private func turn(before paused: Int? = nil) -> Turn {
    state.withLock { state in
      if state.isStopped { return .stopped }
      let now = now()
      switch state.queue.next(now: now, before: paused) {
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
