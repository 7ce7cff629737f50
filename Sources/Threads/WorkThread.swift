internal import Synchronization

/// A thread for work that would hold up an event loop: one piece after the other, in the order they
/// come, with a bound on what waits.
package final class WorkThread: Sendable {
  /// Why work was not taken in.
  package enum Refusal: Error, Sendable, Equatable {
    /// As much waits as may.
    case full
    case closed
  }

  /// What the thread does by itself, between pieces of work.
  package struct Chore: Sendable {
    let period: Duration
    let body: @Sendable () -> Void

    package init(every period: Duration, _ body: @escaping @Sendable () -> Void) {
      self.period = period
      self.body = body
    }
  }

  /// Called once: with nil on the thread, or with the reason why it never will run.
  private typealias Job = @Sendable (Refusal?) -> Void

  private struct State {
    var jobs: [Job] = []
    var isClosed = false
  }

  private let bound: Int
  private let state = Mutex(State())
  /// One signal for each job taken in, and one for closing.
  private let arrivals = Semaphore()
  private let thread = OwnedThread()

  /// Starts it.
  ///
  /// - Parameters:
  ///   - name: as `top -H` and debuggers show it; the system keeps 15 bytes.
  ///   - bound: pieces of work that wait at most; one more is refused.
  package init(_ name: String, bound: Int, chore: Chore? = nil) throws(ThreadError) {
    self.bound = bound
    try thread.start(name) { [self] in serve(chore) }
  }

  /// Runs `work` on the thread and comes back to the caller's executor.
  ///
  /// - Throws: what `work` throws; a `Refusal` if it did not run.
  package func run<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      enter { refusal in
        if let refusal { return continuation.resume(throwing: refusal) }
        continuation.resume(with: Result { try work() })
      }
    }
  }

  private func enter(_ job: @escaping Job) {
    let refusal = state.withLock { state -> Refusal? in
      if state.isClosed { return .closed }
      if state.jobs.count >= bound { return .full }
      state.jobs.append(job)
      return nil
    }
    if let refusal { job(refusal) } else { arrivals.signal() }
  }

  /// Runs what waits, and ends the thread.
  package func finish() { close { _ in [] } }

  /// Finishes the work at hand, refuses what waits, and ends the thread.
  package func stop() {
    close { jobs in
      defer { jobs = [] }
      return jobs
    }
  }

  private func close(_ drop: (inout [Job]) -> [Job]) {
    let refused = state.withLock { state in
      state.isClosed = true
      return drop(&state.jobs)
    }
    arrivals.signal()
    for job in refused { job(.closed) }
    thread.join()
  }

  private func serve(_ chore: Chore?) {
    var due = chore.map { ContinuousClock.now + $0.period }
    while true {
      if let due {
        _ = arrivals.wait(atMost: ContinuousClock.now.duration(to: due))
      } else {
        arrivals.wait()
      }
      let (job, isOver) = state.withLock { state in
        let job = state.jobs.isEmpty ? nil : state.jobs.removeFirst()
        return (job, state.isClosed && state.jobs.isEmpty)
      }
      job?(nil)
      if isOver { return }
      if let chore, let time = due, ContinuousClock.now >= time {
        chore.body()
        due = ContinuousClock.now + chore.period
      }
    }
  }
}
