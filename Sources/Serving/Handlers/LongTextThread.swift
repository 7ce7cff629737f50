internal import Batching
internal import Messages
internal import Synchronization
internal import Threads

/// Encodes texts that are too long for an event loop, one after the other on a thread of its own.
///
/// A megabyte of text takes up to 60 ms, in which a loop would serve none of its connections; a
/// short text is worth no change of threads.
final class LongTextThread: Sendable {
  /// Called once: with nil on the thread, or with the reason why it never will run.
  private typealias Job = @Sendable (Status?) -> Void

  private struct State {
    var jobs: [Job] = []
    var isStopped = false
  }

  /// Of one piece of work that waits.
  private final class Cancellation: Sendable {
    let isRequested = Atomic(false)
  }

  private let limit: Int
  private let state = Mutex(State())
  private let arrivals = Semaphore()
  private let thread: Mutex<SystemThread?> = Mutex(nil)

  /// - Parameter limit: most pieces of work that wait; one more is refused.
  init(limit: Int) throws(ThreadError) {
    self.limit = limit
    let made = try SystemThread("long texts") { [self] in serve() }
    thread.withLock { $0 = made }
  }

  /// Runs `work` on the thread and comes back to the caller's executor.
  ///
  /// - Throws: what `work` throws; RESOURCE_EXHAUSTED with retry advice when too much waits;
  ///   UNAVAILABLE after `stop`; `CancellationError` when the task was cancelled before its turn.
  func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    let cancellation = Cancellation()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        enter { refusal in
          if let refusal { return continuation.resume(throwing: refusal) }
          if cancellation.isRequested.load(ordering: .relaxed) {
            return continuation.resume(throwing: CancellationError())
          }
          continuation.resume(with: Result { try work() })
        }
      }
    } onCancel: {
      cancellation.isRequested.store(true, ordering: .relaxed)
    }
  }

  private func enter(_ job: @escaping Job) {
    let refusal = state.withLock { state -> Status? in
      if state.isStopped { return LongTextThread.stopped }
      if state.jobs.count >= limit { return full }
      state.jobs.append(job)
      return nil
    }
    if let refusal { job(refusal) } else { arrivals.signal() }
  }

  private var full: Status {
    var status = Status(
      .resourceExhausted,
      "\(limit) requests with long texts wait already (max-long-texts); retry later, or send "
        + "shorter texts")
    status.addRetryAdvice(RetryAdvice.unmeasured)
    return status
  }

  private static let stopped = Status(.unavailable, "the server is shutting down")

  private func serve() {
    while true {
      arrivals.wait()
      let (job, isStopped) = state.withLock { state in
        (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isStopped)
      }
      if isStopped { return }
      job?(nil)
    }
  }

  /// Finishes the work at hand, refuses what waits, and ends the thread.
  func stop() {
    let refused = state.withLock { state in
      state.isStopped = true
      defer { state.jobs = [] }
      return state.jobs
    }
    arrivals.signal()
    for job in refused { job(LongTextThread.stopped) }
    let thread = thread.withLock { $0.take() }
    thread?.join()
  }
}
