/// A language model that advances many sequences by one step.
///
/// KV memory is `blockCount` blocks of `blockTokens` positions; the scheduler owns the tables and
/// says in every slice where a sequence's positions live. Called on the engine's own thread.
package protocol SequenceBackend: Sendable {
  /// Most positions of one sequence, prompt and answer together.
  var contextLength: Int { get }
  var vocabularySize: Int { get }
  /// Positions per KV block.
  var blockTokens: Int { get }
  var blockCount: Int { get }

  /// Runs all slices in one pass; one output per slice that has a sampler, in order.
  func step(_ slices: [SequenceSlice]) throws -> [StepOutput]
}

/// The next piece of one sequence: a chunk of its prompt, or its last sampled token.
package struct SequenceSlice: Sendable {
  /// Token ids to feed, at least one.
  package var tokens: [Int32]
  /// Position of `tokens[0]` in its sequence.
  package var position: Int
  /// KV block of positions `i * blockTokens ..< (i + 1) * blockTokens`, covering all of this slice.
  package var blocks: [Int32]
  /// Set when the slice reaches the sequence's end so far: a token is then drawn from its logits.
  package var sampler: Sampler?

  package init(tokens: [Int32], position: Int, blocks: [Int32], sampler: Sampler?) {
    self.tokens = tokens
    self.position = position
    self.blocks = blocks
    self.sampler = sampler
  }
}

/// A drawn token and the sampler's state after it.
package struct StepOutput: Sendable {
  package var token: Int32
  package var sampler: Sampler
  /// Where `SamplingOptions.logprobs` asks for it.
  package var probability: TokenProbability?

  package init(token: Int32, sampler: Sampler, probability: TokenProbability? = nil) {
    self.token = token
    self.sampler = sampler
    self.probability = probability
  }
}
