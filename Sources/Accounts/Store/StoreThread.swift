package import Threads

/// A thread for a store's blocking calls, so that handlers can await them: administration, reports,
/// and the chores that nobody waits for.
package final class StoreThread: Sendable {
  private let store: any Store
  private let bound: Int
  private let thread: WorkThread

  /// - Parameters:
  ///   - bound: calls that wait at most; further ones are refused.
  ///   - period: how often `chore` runs.
  package init(
    store: any Store, bound: Int = 64, period: Duration = .seconds(1),
    chore: @escaping @Sendable (any Store) -> Void = { _ in }
  ) throws(ThreadError) {
    self.store = store
    self.bound = bound
    thread = try WorkThread(
      "store", bound: bound, chore: WorkThread.Chore(every: period) { chore(store) })
  }

  /// Runs `body` on the thread.
  ///
  /// - Throws: what `body` throws; a `StoreError` of kind `unavailable` if too many wait.
  package func perform<Result: Sendable>(
    _ body: @escaping @Sendable (any Store) throws -> Result
  ) async throws -> Result {
    do {
      return try await thread.run { [store] in try body(store) }
    } catch WorkThread.Refusal.full {
      throw StoreError(
        .unavailable, "\(bound) calls wait for the database already; try again later")
    } catch WorkThread.Refusal.closed {
      throw StoreError(.unavailable, "the server is shutting down")
    }
  }

  /// Runs what waits and ends the thread.
  package func close() { thread.finish() }
}
