package import Inference

/// One sequence to generate.
package struct GenerationRequest: Sendable {
  /// At least one token, and fewer than the context holds.
  package var prompt: [Int32]
  package var sampling: SamplingOptions
  /// Nil: as many as the context leaves. Capped to that in any case.
  package var maxTokens: Int?
  /// Ids that end the sequence (end of text); never delivered.
  package var stopTokens: [Int32]
  package var deadline: ContinuousClock.Instant?

  package init(
    prompt: [Int32], sampling: SamplingOptions = SamplingOptions(), maxTokens: Int? = nil,
    stopTokens: [Int32] = [], deadline: ContinuousClock.Instant? = nil
  ) {
    self.prompt = prompt
    self.sampling = sampling
    self.maxTokens = maxTokens
    self.stopTokens = stopTokens
    self.deadline = deadline
  }
}

/// A token as it was drawn.
package struct GeneratedToken: Sendable, Equatable {
  package var id: Int32
  /// 0 for the first generated.
  package var index: Int
  /// Where `SamplingOptions.logprobs` asks for it.
  package var probability: TokenProbability? = nil
}

package enum FinishReason: String, Sendable, Equatable, CaseIterable {
  /// One of `stopTokens` was drawn.
  case endOfSequence = "end_of_sequence"
  /// `maxTokens`, or the end of the context.
  case length
  /// The reader ended it with `TokenStream.finish()`: a stop string was matched.
  case stop
  case cancelled
  case deadline
}

/// How a generation went; known once `TokenStream.next()` has returned nil.
package struct GenerationSummary: Sendable, Equatable {
  package var reason: FinishReason
  package var promptTokens: Int
  /// Tokens delivered (without the stop token; after `finish()`, those read by then).
  package var generatedTokens: Int
  /// From submission to the first step that fed it.
  package var queued: Duration
  /// From submission to the first token; nil when there was none.
  package var timeToFirstToken: Duration?
  /// From submission to the end.
  package var total: Duration
}
