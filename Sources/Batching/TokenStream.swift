/// The tokens of one generation, for one reader.
///
/// Unread tokens wait in a bounded buffer; when it is full the sequence is paused, and the others
/// go on. Letting go of the stream cancels the generation.
package final class TokenStream: Sendable {
  /// The next token; nil at the end (see `summary`).
  ///
  /// - Throws: `BatchingError` when the computation failed or the engine stopped;
  ///   `CancellationError` when the task was cancelled, which also cancels the generation.
  package func next() async throws -> GeneratedToken? { nil }

  /// Ends the generation: a stop string was matched in what was read so far. Unread tokens are
  /// dropped and `next()` answers nil.
  package func finish() {}

  /// Ends the generation with reason `cancelled`.
  package func cancel() {}

  /// Set once `next()` has returned nil.
  package var summary: GenerationSummary? { nil }
}
