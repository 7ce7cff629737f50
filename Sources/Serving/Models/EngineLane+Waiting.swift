internal import Batching
import Synchronization
internal import Threads

extension EngineLane {
  private final class Outcome: Sendable {
    let result = Mutex<Result<Void, any Error>?>(nil)
    let isThere = Semaphore()
  }

  /// Runs `work` on the engine when it is this lane's turn, and blocks until it is done: for a thread
  /// that is nobody's executor.
  ///
  /// - Throws: what `work` throws, or `BatchingError.stopped`.
  func runAndWait(_ work: @escaping @Sendable () throws -> Void) throws {
    let outcome = Outcome()
    Task {
      do {
        try await run(work)
        outcome.result.withLock { $0 = .success(()) }
      } catch {
        outcome.result.withLock { $0 = .failure(error) }
      }
      outcome.isThere.signal()
    }
    outcome.isThere.wait()
    try outcome.result.withLock { $0 }?.get()
  }
}
