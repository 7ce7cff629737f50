internal import Batching
internal import Messages
internal import Synchronization
internal import Threads

/// Encodes texts that are too long for an event loop, one after the other on a thread of its own.
///
/// A megabyte of text takes up to 60 ms, in which a loop would serve none of its connections; a
/// short text is worth no change of threads.
final class LongTextThread: Sendable {
  /// Of one piece of work that waits.
  private final class Cancellation: Sendable {
    let isRequested = Atomic(false)
  }

  private let limit: Int
  private let thread: WorkThread

  /// - Parameter limit: most pieces of work that wait; one more is refused.
  init(limit: Int) throws(ThreadError) {
    self.limit = limit
    thread = try WorkThread("long texts", bound: limit)
  }

  /// Runs `work` on the thread and comes back to the caller's executor.
  ///
  /// - Throws: what `work` throws; RESOURCE_EXHAUSTED with retry advice when too much waits;
  ///   UNAVAILABLE after `stop`; `CancellationError` when the task was cancelled before its turn.
  func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    let cancellation = Cancellation()
    do {
      return try await withTaskCancellationHandler {
        try await thread.run {
          if cancellation.isRequested.load(ordering: .relaxed) { throw CancellationError() }
          return try work()
        }
      } onCancel: {
        cancellation.isRequested.store(true, ordering: .relaxed)
      }
    } catch WorkThread.Refusal.full {
      throw full
    } catch WorkThread.Refusal.closed {
      throw Status(.unavailable, "the server is shutting down")
    }
  }

  private var full: Status {
    var status = Status(
      .resourceExhausted,
      "\(limit) requests with long texts wait already (max-long-texts); retry later, or send "
        + "shorter texts")
    status.addRetryAdvice(RetryAdvice.unmeasured)
    return status
  }

  /// Finishes the work at hand, refuses what waits, and ends the thread.
  func stop() { thread.stop() }
}
