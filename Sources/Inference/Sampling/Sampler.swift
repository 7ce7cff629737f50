internal import Glibc

/// Draws tokens from logits for one sequence; a value, so a sequence's draws depend on nothing
/// else.
///
/// The order is that of the Hugging Face processors: repetition penalty, temperature, top-k, top-p,
/// min-p, then one uniform draw from a SplitMix64 stream of `options.seed`. Equal logits rank by
/// the lower id; −∞ is never drawn.
package struct Sampler: Sendable {
  /// Tokens the repetition penalty looks back on.
  package static let penaltyWindow = 64

  package let options: SamplingOptions
  private var random: SplitMix64
  /// The last `penaltyWindow` tokens as a ring, kept only when a penalty needs them.
  private var recent: [Int32] = []
  private var oldest = 0

  /// - Parameter prompt: what the draws continue; the repetition penalty sees its end too, as with
  ///   Hugging Face, whose processor looks back on everything, and llama.cpp, which looks back on
  ///   as many tokens as this does.
  package init(options: SamplingOptions, prompt: [Int32] = []) {
    self.options = options
    random = SplitMix64(seed: options.seed)
    for token in prompt.suffix(Self.penaltyWindow) { note(token) }
  }

  /// Draws the token that follows. `logits` holds one float per id of the vocabulary, at least one;
  /// it is scratch and changed by the repetition penalty.
  ///
  /// - Throws: `invalidModel` where they are no logits: see `likeliest`.
  package mutating func draw(
    from logits: inout MutableSpan<Float>
  ) throws(InferenceError) -> Int32 {
    penalise(&logits)
    let best = try Self.likeliest(logits.span)
    let isGreedy = options.temperature == 0 || options.topK == 1
    let token = isGreedy ? Int32(best) : sample(logits.span, peak: logits[best])
    note(token)
    return token
  }

  /// Tells the repetition penalty of a token that was not drawn here.
  package mutating func note(_ token: Int32) {
    guard options.repetitionPenalty != 1 else { return }
    if recent.count < Self.penaltyWindow {
      recent.append(token)
    } else {
      recent[oldest] = token
      oldest = (oldest + 1) % Self.penaltyWindow
    }
  }

  private func penalise(_ logits: inout MutableSpan<Float>) {
    let penalty = options.repetitionPenalty
    guard penalty != 1 else { return }
    for (index, token) in recent.enumerated() {
      let id = Int(token)
      // Once per token, however often it stands in the window.
      guard logits.indices.contains(id), !recent[..<index].contains(token) else { continue }
      logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty
    }
  }

  /// The lowest id of the largest logit.
  ///
  /// - Throws: `invalidModel` where one is NaN or the largest is infinite: the computation
  ///   overflowed, and whatever were drawn would mean nothing.
  static func likeliest(_ logits: borrowing Span<Float>) throws(InferenceError) -> Int {
    // Vectors only find the largest value: greedy steps of small models spend their time here.
    let lanes = 16
    var best = SIMD16<Float>(repeating: -.infinity)
    var isNaN = SIMDMask<SIMD16<Int32>>(repeating: false)
    let whole = logits.count / lanes * lanes
    unsafe logits.withUnsafeBytes { bytes in
      for start in stride(from: 0, to: whole, by: lanes) {
        let values = unsafe bytes.loadUnaligned(fromByteOffset: 4 * start, as: SIMD16<Float>.self)
        best.replace(with: values, where: values .> best)
        isNaN .|= values .!= values
      }
    }
    var largest = best.max()
    var hasNaN = any(isNaN)
    for id in whole..<logits.count {
      if logits[id] > largest { largest = logits[id] }
      hasNaN = hasNaN || logits[id].isNaN
    }
    guard !hasNaN, largest.isFinite else {
      throw InferenceError(
        .invalidModel, "the model's logits are no finite numbers: its computation has overflowed")
    }
    return logits.indices.first { logits[$0] == largest } ?? 0
  }

  /// - Parameter peak: the largest logit.
  private mutating func sample(_ logits: borrowing Span<Float>, peak: Float) -> Int32 {
    var ranking = CandidateRanking()
    if options.topK > 0 && options.topK < logits.count {
      ranking.keepLikeliest(options.topK, of: logits)
    } else {
      ranking.keepAll(of: logits)
    }
    ranking.weigh(peak: peak, temperature: options.temperature)
    if options.topP < 1 { ranking.keepNucleus(options.topP) }
    if options.minP > 0 { ranking.dropBelow(share: options.minP) }
    return ranking.pick(random.unit())
  }
}
