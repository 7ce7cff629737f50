internal import Glibc

/// How likely a token was by the model's own probabilities: before penalties, temperature and
/// whatever else decides the draw. Natural logarithms of a softmax over all logits.
package struct TokenProbability: Sendable, Equatable {
  package struct Alternative: Sendable, Equatable {
    package var id: Int32
    package var logprob: Float

    package init(id: Int32, logprob: Float) {
      self.id = id
      self.logprob = logprob
    }
  }

  package var logprob: Float
  /// The likeliest tokens, falling; of equals the lower id first.
  package var top: [Alternative]

  package init(logprob: Float, top: [Alternative] = []) {
    self.logprob = logprob
    self.top = top
  }
}

extension StepOutput {
  /// Draws the next token with the sampler that is here already. `logits` is scratch, as with
  /// `Sampler.draw`, and what it throws; whoever asks for no probability pays for none.
  package mutating func draw(from logits: inout MutableSpan<Float>) throws(InferenceError) {
    guard let count = sampler.options.logprobs else {
      token = try sampler.draw(from: &logits)
      return
    }
    let scale = try LogScale(of: logits.span)
    let top = scale.likeliest(count, of: logits.span)
    // A penalty changes logits in place.
    let own = sampler.options.repetitionPenalty == 1 ? [] : logits.indices.map { logits[$0] }
    token = try sampler.draw(from: &logits)
    let logit = own.isEmpty ? logits[Int(token)] : own[Int(token)]
    probability = TokenProbability(logprob: scale.logprob(logit), top: top)
  }
}

/// What turns logits of one position into logarithms of probabilities.
private struct LogScale {
  /// log Σ exp(logit)
  private let normalizer: Double

  init(of logits: borrowing Span<Float>) throws(InferenceError) {
    let peak = logits[try Sampler.likeliest(logits)]
    var sum = 0.0
    for id in logits.indices { sum += Double(expf(logits[id] - peak)) }
    normalizer = Double(peak) + log(sum)
  }

  /// −∞ for what has no probability.
  func logprob(_ logit: Float) -> Float {
    Float(Double(logit) - normalizer)
  }

  func likeliest(
    _ count: Int, of logits: borrowing Span<Float>
  ) -> [TokenProbability.Alternative] {
    guard count > 0 else { return [] }
    var ranking = CandidateRanking()
    ranking.keepLikeliest(count, of: logits)
    return ranking.candidates.sorted { $0.ranks(above: $1) }.map {
      TokenProbability.Alternative(id: $0.id, logprob: logprob($0.weight))
    }
  }
}
