internal import Accounts
internal import Batching
internal import Messages
internal import Metrics
internal import Synchronization
internal import Threads

/// Decodes pictures on threads of its own, in the order that `PictureQueue` finds.
final class PictureThreads: Sendable {
  /// Whose pictures they are, and how long they are wanted.
  struct Claim: Sendable {
    let owner: KeyID
    /// When the call's time is over.
    var deadline: ContinuousClock.Instant?
    /// When the caller would rather be refused than go on waiting.
    var queueEnd: ContinuousClock.Instant?

    fileprivate var lapse: ContinuousClock.Instant? {
      [deadline, queueEnd].compactMap { $0 }.min()
    }
  }

  private struct Job {
    let work: any PictureWork
    let claim: Claim
    /// Pictures that are not made yet.
    var left: Int
  }

  private struct State {
    var queue: PictureQueue
    var jobs: [Int: Job] = [:]
    var isStopped = false
  }

  /// By how much the threads give way to those that compute: pictures are there for the models.
  private static let niceness: Int32 = 5

  private let bounds: PictureBounds
  private let metrics: PictureMetrics
  private let state: Mutex<State>
  private let numbers = Atomic(0)
  /// Signals tell a thread to look; one too many does no harm.
  private let arrivals = Semaphore()
  private let ended = Semaphore()
  private let threads = Mutex<[SystemThread]>([])

  /// - Parameter largest: pixels that a single picture may have.
  init(
    _ bounds: PictureBounds, largest: Int, cores: Int, metrics: PictureMetrics
  ) throws(ThreadError) {
    self.bounds = bounds
    self.metrics = metrics
    let count = bounds.threads(cores: cores)
    state = Mutex(
      State(
        queue: PictureQueue(
          PictureQueue.Options(
            requests: bounds.requests, waitingPixels: bounds.waitingPixels,
            decodingPixels: largest, threads: count))))
    for _ in 0..<count {
      let made = try SystemThread("pictures") { [self] in serve() }
      threads.withLock { $0.append(made) }
    }
    metrics.watch { [weak self] in self?.waiting ?? (0, 0) }
  }

  private var waiting: (pictures: Int, pixels: Int) {
    state.withLock { ($0.queue.waitingPictures, $0.queue.waitingPixels) }
  }

  /// Runs `work` for each picture of a request and comes back to the caller's executor.
  ///
  /// - Parameters:
  ///   - pictures: the pixels of each.
  ///   - work: makes one by its place; may run on several threads at once.
  /// - Returns: what was made, and how long none of it was being made.
  /// - Throws: what `work` throws first; INVALID_ARGUMENT for too many pixels at once;
  ///   RESOURCE_EXHAUSTED with retry advice when too much waits; a `BatchingError` when the claim's
  ///   time is over before; UNAVAILABLE after `stop`; `CancellationError` when the task was
  ///   cancelled.
  func run<Value: Sendable>(
    _ claim: Claim, _ pictures: [Int], _ work: @escaping @Sendable (Int) throws -> Value
  ) async throws -> PictureJob<Value>.Made {
    guard !pictures.isEmpty else { return ([], .zero) }
    let pixels = pictures.reduce(0, +)
    // What not even an empty queue takes is no matter of waiting.
    let most = min(bounds.requestPixels, bounds.waitingPixels)
    guard pixels <= most else {
      let limit: PictureLimit = most < bounds.requestPixels ? .waitingPixels : .requestPixels
      metrics.refused(limit)
      throw Validation.invalid(
        "instances",
        "the pictures have \(pixels) pixels together; at most \(most) are allowed "
          + "(\(limit.rawValue))")
    }
    let number = numbers.wrappingAdd(1, ordering: .relaxed).newValue
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let job = Job(
          work: PictureJob(count: pictures.count, continuation, work), claim: claim,
          left: pictures.count)
        enter(job, number, pictures)
        // Whoever was cancelled before that had nothing to leave.
        if Task.isCancelled { leave(number) }
      }
    } onCancel: {
      leave(number)
    }
  }

  private func enter(_ job: Job, _ number: Int, _ pictures: [Int]) {
    let (refusal, displaced) = state.withLock { state -> (Status?, [(Job, PictureLimit)]) in
      if state.isStopped { return (SideThread.stopped, []) }
      let entrance = state.queue.enter(
        number, of: job.claim.owner, pictures: pictures, lapse: job.claim.lapse, now: .now)
      switch entrance {
      case .refused(let limit): return (self.refusal(limit), [])
      case .taken(let displaced):
        state.jobs[number] = job
        return (
          nil,
          displaced.compactMap { id, limit in
            state.jobs.removeValue(forKey: id).map { ($0, limit) }
          }
        )
      }
    }
    if let refusal { job.work.end(refusal) } else { arrivals.signal() }
    for (job, limit) in displaced { job.work.end(self.refusal(limit)) }
  }

  private func refusal(_ limit: PictureLimit) -> Status {
    metrics.refused(limit)
    let full =
      limit == .waitingPixels
      ? "pictures of \(bounds.waitingPixels) pixels" : "\(bounds.requests) requests with pictures"
    var status = Status(
      .resourceExhausted, "\(full) wait already (\(limit.rawValue)); retry later")
    status.addRetryAdvice(RetryAdvice.unmeasured)
    return status
  }

  private func leave(_ number: Int) {
    let job = state.withLock { state in
      state.queue.remove(number)
      return state.jobs.removeValue(forKey: number)
    }
    job?.work.end(CancellationError())
  }

  // MARK: The threads

  private func serve() {
    defer { ended.signal() }
    SystemThread.giveWay(by: Self.niceness)
    while true {
      arrivals.wait()
      while let (turn, job) = take() { finish(turn, Result { try job.work.perform(turn.picture) }) }
      if state.withLock({ $0.isStopped }) { return }
    }
  }

  /// The next picture, if a thread may begin one now.
  private func take() -> (PictureQueue.Turn, Job)? {
    let now = ContinuousClock.now
    let (found, lapsed) = state.withLock { state in
      let next = state.queue.next(now: now)
      let lapsed = next.lapsed.compactMap { state.jobs.removeValue(forKey: $0) }
      guard let turn = next.turn, let job = state.jobs[turn.request] else {
        return ((PictureQueue.Turn, Job)?.none, lapsed)
      }
      // Another thread may find something too.
      if state.queue.waitingRequests > 0 { arrivals.signal() }
      return ((turn, job), lapsed)
    }
    for job in lapsed { job.work.end(Self.lapsed(job.claim, now: now)) }
    return found
  }

  private static func lapsed(_ claim: Claim, now: ContinuousClock.Instant) -> BatchingError {
    if let deadline = claim.deadline, deadline <= now {
      return BatchingError(
        .deadlineExceeded, "the deadline passed before the pictures were decoded")
    }
    return BatchingError(
      .queueTimeout, "the pictures were not decoded within the queue timeout",
      retryAfter: RetryAdvice.unmeasured)
  }

  private func finish(_ turn: PictureQueue.Turn, _ result: Result<Void, any Error>) {
    var failure: (any Error)?
    if case .failure(let error) = result { failure = error }
    metrics.decoded.increment()
    let job = state.withLock { state -> Job? in
      state.queue.finished(turn)
      // Nil where nobody waits any more.
      guard state.jobs[turn.request] != nil else { return nil }
      state.jobs[turn.request]?.left -= 1
      guard failure != nil || state.jobs[turn.request]?.left == 0 else { return nil }
      state.queue.remove(turn.request)
      return state.jobs.removeValue(forKey: turn.request)
    }
    job?.work.end(failure)
  }

  /// Refuses what waits, and ends the threads behind the pictures at hand.
  ///
  /// - Parameter patience: how long those may take; the threads are left to themselves then.
  /// - Returns: whether all threads have ended.
  @discardableResult
  func stop(patience: Duration = .seconds(2)) -> Bool {
    let jobs = state.withLock { state in
      state.isStopped = true
      defer { state.jobs = [:] }
      for number in state.jobs.keys { state.queue.remove(number) }
      return Array(state.jobs.values)
    }
    for job in jobs { job.work.end(SideThread.stopped) }
    let threads = threads.withLock { threads in
      defer { threads = [] }
      return threads
    }
    for _ in threads { arrivals.signal() }
    let end = ContinuousClock.now + patience
    let areOver = threads.reduce(true) { areOver, _ in
      ended.wait(atMost: ContinuousClock.now.duration(to: end)) && areOver
    }
    for thread in threads { if areOver { thread.join() } else { thread.detach() } }
    return areOver
  }
}
