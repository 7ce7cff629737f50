internal import Metrics

/// When a place in the queue of a language model will be free.
///
/// A place is free when a waiting sequence is admitted, which is when a running one ends. How much
/// of what it may draw a sequence does draw is measured on those that have ended; what each that
/// runs has left is that part of its own rest. So long ones count for what is left of them, however
/// many short ones have ended before.
struct SequenceForecast: Sendable {
  /// Mean part of their limit that ended sequences drew; nil before one has ended.
  private var share: Double?

  mutating func ended(generated: Int, limit: Int) {
    let part = Double(generated) / Double(max(1, limit))
    share = share.map { $0 + (part - $0) / 8 } ?? part
  }

  /// - Parameters:
  ///   - count: waiting sequences that must be admitted, at least 1.
  ///   - running: those that are stepped.
  ///   - waiting: those that are to be admitted.
  ///   - stepTokens: most tokens of a step.
  ///   - stepSeconds: a step's time; nil before it has been measured.
  func retryAdvice(
    leaving count: Int, running: [ScheduledSequence], waiting: some Sequence<ScheduledSequence>,
    stepTokens: Int, stepSeconds: Double?
  ) -> Duration {
    guard let stepSeconds, stepSeconds > 0 else { return RetryAdvice.unmeasured }
    // With none to wait for, the next step admits.
    guard !running.isEmpty else { return RetryAdvice.after(.seconds(stepSeconds)) }
    let rest: [Double] = running.map { stepsLeft($0, stepTokens) }.sorted()
    var steps = rest[min(count, rest.count) - 1]
    // Further ones follow those that were waiting themselves.
    if count > rest.count {
      let whole: Double = waiting.reduce(0) { $0 + stepsLeft($1, stepTokens) }
      steps += whole / Double(count) * Double(count - rest.count) / Double(rest.count)
    }
    return RetryAdvice.after(.seconds(steps * stepSeconds))
  }

  /// Steps until its end, by expectation: its prompt in chunks, then a token each.
  private func stepsLeft(_ sequence: ScheduledSequence, _ stepTokens: Int) -> Double {
    let chunks = (Double(sequence.pending) / Double(stepTokens)).rounded(.up)
    let left = Double(sequence.limit - sequence.generated) * (share ?? 1)
    return max(1, chunks + left - 1)
  }
}
