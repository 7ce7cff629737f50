internal import Batching
internal import Messages
internal import Synchronization
internal import Threads

/// Does work that is too long for an event loop, one piece after the other on a thread of its own.
///
/// A megabyte of text takes up to 60 ms, in which a loop would serve none of its connections; a
/// short text is worth no change of threads. The same is so of tensors of megabytes and of
/// thousands of feature rows.
final class SideThread: Sendable {
  private struct Job: Sendable {
    let cancellation: Cancellation
    /// Called once: with nil on the thread, or with the reason why it never will run.
    let perform: @Sendable (Status?) -> Void
  }

  private struct State {
    var jobs: [Job] = []
    /// Of the work at hand.
    var current: Cancellation?
    var isStopped = false
  }

  /// Of one piece of work, which looks at it now and then.
  final class Cancellation: Sendable {
    private let flag = Atomic(false)
    var isRequested: Bool { flag.load(ordering: .relaxed) }
    fileprivate func request() { flag.store(true, ordering: .relaxed) }
  }

  private let limit: Int
  private let kind: Kind
  private let state = Mutex(State())
  private let arrivals = Semaphore()
  private let ended = Semaphore()
  private let thread: Mutex<SystemThread?> = Mutex(nil)

  /// What it does, as those are told who are refused.
  struct Kind: Sendable {
    let name: String
    /// Ends "… wait already".
    let work: String
    /// The setting that bounds it.
    let setting: String

    static let longTexts = Kind(
      name: "long texts", work: "requests with long texts, large tensors or many rows",
      setting: "max-long-texts")
    static let pictureHeaders = Kind(
      name: "picture headers", work: "requests with pictures", setting: "max-waiting-images")
  }

  /// - Parameter limit: most pieces of work that wait; one more is refused.
  init(_ kind: Kind = .longTexts, limit: Int) throws(ThreadError) {
    (self.kind, self.limit) = (kind, limit)
    let made = try SystemThread(kind.name) { [self] in serve() }
    thread.withLock { $0 = made }
  }

  /// Runs `work` on the thread and comes back to the caller's executor.
  ///
  /// - Throws: what `work` throws; RESOURCE_EXHAUSTED with retry advice when too much waits;
  ///   UNAVAILABLE after `stop`; `CancellationError` when the task was cancelled before its turn,
  ///   or when the work broke off for it.
  func run<Value: Sendable>(
    _ work: @escaping @Sendable (Cancellation) throws -> Value
  ) async throws -> Value {
    let cancellation = Cancellation()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        enter(
          Job(cancellation: cancellation) { [self] refusal in
            if let refusal { return continuation.resume(throwing: refusal) }
            if cancellation.isRequested { return continuation.resume(throwing: brokenOff) }
            let result = Result { try work(cancellation) }
            if case .failure = result, cancellation.isRequested {
              return continuation.resume(throwing: brokenOff)
            }
            continuation.resume(with: result)
          })
      }
    } onCancel: {
      cancellation.request()
    }
  }

  private func enter(_ job: Job) {
    let refusal = state.withLock { state -> Status? in
      if state.isStopped { return SideThread.stopped }
      if state.jobs.count >= limit { return full }
      state.jobs.append(job)
      return nil
    }
    if let refusal { job.perform(refusal) } else { arrivals.signal() }
  }

  private var full: Status {
    var status = Status(
      .resourceExhausted,
      "\(limit) \(kind.work) wait already (\(kind.setting)); retry later, or send less at once")
    status.addRetryAdvice(RetryAdvice.unmeasured)
    return status
  }

  static let stopped = Status(.unavailable, "the server is shutting down")

  private var brokenOff: any Error {
    state.withLock { $0.isStopped } ? SideThread.stopped : CancellationError()
  }

  private func serve() {
    defer { ended.signal() }
    while true {
      arrivals.wait()
      let (job, isStopped) = state.withLock { state in
        let job = state.jobs.isEmpty ? nil : state.jobs.removeFirst()
        state.current = job?.cancellation
        return (job, state.isStopped)
      }
      if isStopped { return }
      job?.perform(nil)
    }
  }

  /// Breaks off the work at hand, refuses what waits, and ends the thread.
  ///
  /// - Parameter patience: how long work may take to notice; the thread is left to itself then.
  /// - Returns: whether the thread has ended.
  @discardableResult
  func stop(patience: Duration = .seconds(2)) -> Bool {
    let refused = state.withLock { state in
      state.isStopped = true
      state.current?.request()
      defer { state.jobs = [] }
      return state.jobs
    }
    arrivals.signal()
    for job in refused { job.perform(SideThread.stopped) }
    guard let thread = thread.withLock({ $0.take() }) else { return true }
    guard ended.wait(atMost: patience) else {
      thread.detach()
      return false
    }
    thread.join()
    return true
  }
}
