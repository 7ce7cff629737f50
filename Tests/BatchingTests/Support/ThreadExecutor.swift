import Foundation
import Synchronization

/// One thread that runs jobs in order: what an event loop is to the batcher, without the loop.
final class ThreadExecutor: SerialExecutor, TaskExecutor {
  private struct State {
    var jobs: [UnownedJob] = []
    var thread: pthread_t?
  }
  private let state = Mutex(State())
  private let signals = DispatchSemaphore(value: 0)

  init() {
    Thread.detachNewThread { self.run() }
  }

  private func run() {
    state.withLock { $0.thread = pthread_self() }
    while true {
      signals.wait()
      let jobs = state.withLock { state in
        defer { state.jobs = [] }
        return state.jobs
      }
      for job in jobs {
        job.runSynchronously(
          isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
      }
    }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { $0.jobs.append(job) }
    signals.signal()
  }

  func isIsolatingCurrentContext() -> Bool? {
    state.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
  }

  func checkIsolated() {
    precondition(isIsolatingCurrentContext() == true, "not on the executor's thread")
  }

  /// Runs an async body in a task on this thread.
  func run<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    try await Task(executorPreference: self) { try await body() }.value
  }

  /// Returns once everything enqueued so far has run.
  func flush() async {
    await Task(executorPreference: self) {}.value
  }
}
