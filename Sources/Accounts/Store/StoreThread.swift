internal import Synchronization
package import Threads

/// A thread for a store's blocking calls, so that handlers can await them: administration, reports,
/// and the chores that nobody waits for.
package final class StoreThread: Sendable {
  private struct State {
    var jobs: [@Sendable (any Store) -> Void] = []
    var isClosed = false
  }

  private let store: any Store
  private let bound: Int
  private let state = Mutex(State())
  private let wake = Semaphore()
  private let thread = Mutex<SystemThread?>(nil)

  /// - Parameters:
  ///   - bound: calls that wait at most; further ones are refused.
  ///   - period: how often `chore` runs.
  package init(
    store: any Store, bound: Int = 64, period: Duration = .seconds(1),
    chore: @escaping @Sendable (any Store) -> Void = { _ in }
  ) throws(ThreadError) {
    self.store = store
    self.bound = bound
    let started = try SystemThread("store") { [self] in run(period: period, chore: chore) }
    thread.withLock { $0 = started }
  }

  /// Runs `body` on the thread.
  ///
  /// - Throws: what `body` throws; a `StoreError` of kind `unavailable` if too many wait.
  package func perform<Result: Sendable>(
    _ body: @escaping @Sendable (any Store) throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      let refusal = state.withLock { state -> StoreError? in
        if state.isClosed { return StoreError(.unavailable, "the server is shutting down") }
        guard state.jobs.count < bound else {
          return StoreError(
            .unavailable, "\(bound) calls wait for the database already; try again later")
        }
        state.jobs.append { store in
          continuation.resume(with: Swift.Result { try body(store) })
        }
        return nil
      }
      if let refusal { continuation.resume(throwing: refusal) } else { wake.signal() }
    }
  }

  /// Runs what waits and ends the thread.
  package func close() {
    state.withLock { $0.isClosed = true }
    wake.signal()
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    running?.join()
  }

  private func run(period: Duration, chore: @Sendable (any Store) -> Void) {
    var due = ContinuousClock.now + period
    while true {
      _ = wake.wait(atMost: ContinuousClock.now.duration(to: due))
      let (jobs, isClosed) = state.withLock { state in
        defer { state.jobs = [] }
        return (state.jobs, state.isClosed)
      }
      for job in jobs { job(store) }
      if isClosed { return }
      if ContinuousClock.now >= due {
        chore(store)
        due = ContinuousClock.now + period
      }
    }
  }
}
