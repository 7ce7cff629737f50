/// The tokens of one generation, for one reader.
///
/// Unread tokens wait in a bounded buffer; when it is full the sequence is paused, and the others
/// go on. Letting go of the stream cancels the generation.
package final class TokenStream: Sendable {
  private let id: Int
  private let channel: TokenChannel
  private let scheduler: SequenceScheduler

  init(id: Int, channel: TokenChannel, scheduler: SequenceScheduler) {
    self.id = id
    self.channel = channel
    self.scheduler = scheduler
  }

  deinit { end(.cancelled) }

  /// The next token; nil at the end (see `summary`).
  ///
  /// - Throws: `BatchingError` when the computation failed or the engine stopped;
  ///   `CancellationError` after `cancel()`, or when the task was cancelled, which also cancels
  ///   the generation.
  package func next() async throws -> GeneratedToken? {
    switch channel.poll() {
    case .token(let token, let drained):
      if drained { scheduler.resumeSoon(id) }
      return token
    case .end(let end):
      if let error = end.error { throw error }
      return nil
    case .empty: break
    }
    return try await withTaskCancellationHandler {
      try await Promise.wait { promise in
        if channel.wait(promise) { scheduler.resumeSoon(id) }
      }
    } onCancel: {
      end(.cancelled)
    }
  }

  /// Ends the generation: a stop string was matched in what was read so far. Unread tokens are
  /// dropped and `next()` answers nil.
  package func finish() { end(.stop) }

  /// Ends the generation with reason `cancelled`.
  package func cancel() { end(.cancelled) }

  /// Set once `next()` has returned nil, or the stream was finished or cancelled.
  package var summary: GenerationSummary? { channel.summary }

  private func end(_ reason: FinishReason) {
    if channel.finish(reason, now: scheduler.clock.now()) { scheduler.removeSoon(id, reason) }
  }
}
