/// How the next token is drawn. Defaults draw greedily.
package struct SamplingOptions: Sendable, Equatable {
  /// 0 is greedy; otherwise logits are divided by it.
  package var temperature: Float = 0
  /// Keep the k likeliest; 0 keeps all.
  package var topK: Int = 0
  /// Keep the smallest set whose probability reaches this (nucleus sampling, arXiv:1904.09751).
  package var topP: Float = 1
  /// Drop tokens less likely than this share of the likeliest (arXiv:2407.01082).
  package var minP: Float = 0
  /// Divide positive and multiply negative logits of recent tokens (CTRL, arXiv:1909.05858).
  package var repetitionPenalty: Float = 1
  package var seed: UInt64 = 0
  package init() {}
}

/// Draws tokens from logits for one sequence; a value, so a sequence's draws depend on nothing else.
package struct Sampler: Sendable {
  package let options: SamplingOptions
  package init(options: SamplingOptions) { self.options = options }
}
