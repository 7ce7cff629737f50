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
  /// Divide positive and multiply negative logits of the last `Sampler.penaltyWindow` tokens, the
  /// prompt's included (CTRL, arXiv:1909.05858).
  package var repetitionPenalty: Float = 1
  package var seed: UInt64 = 0
  /// Tell how likely each token was, and so many of the likeliest in its place; nil tells nothing.
  package var logprobs: Int?

  package init(
    temperature: Float = 0, topK: Int = 0, topP: Float = 1, minP: Float = 0,
    repetitionPenalty: Float = 1, seed: UInt64 = 0, logprobs: Int? = nil
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
    self.seed = seed
    self.logprobs = logprobs
  }

  package static let temperatureRange: ClosedRange<Float> = 0...10
  package static let topKRange: ClosedRange<Int> = 0...1_000_000
  package static let topPRange: ClosedRange<Float> = 1e-6...1
  package static let minPRange: ClosedRange<Float> = 0...1
  package static let repetitionPenaltyRange: ClosedRange<Float> = 0.1...10
  package static let logprobsRange: ClosedRange<Int> = 0...20

  /// Throws `invalidInput` naming the first field outside its range, its value and the range.
  package func validate() throws(InferenceError) {
    try Self.check("temperature", temperature, Self.temperatureRange, "0 draws greedily")
    try Self.check("top_k", topK, Self.topKRange, "0 keeps every token")
    try Self.check("top_p", topP, Self.topPRange, "1 keeps every token")
    try Self.check("min_p", minP, Self.minPRange, "0 keeps every token")
    try Self.check(
      "repetition_penalty", repetitionPenalty, Self.repetitionPenaltyRange, "1 penalises nothing")
    if let logprobs {
      try Self.check("logprobs", logprobs, Self.logprobsRange, "0 tells of the drawn token only")
    }
  }

  // A NaN is in no range, so it is refused too.
  private static func check<Value: Comparable>(
    _ field: String, _ value: Value, _ range: ClosedRange<Value>, _ neutral: String
  ) throws(InferenceError) {
    guard range.contains(value) else {
      throw InferenceError(
        .invalidInput,
        "\(field) is \(value); allowed is \(range.lowerBound) to \(range.upperBound) (\(neutral))")
    }
  }
}
