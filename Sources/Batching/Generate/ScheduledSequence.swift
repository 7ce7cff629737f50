internal import Inference

/// One sequence as the policy keeps it.
struct ScheduledSequence: Sendable {
  let id: Int
  /// Prompt and what was drawn so far; the whole state, so that blocks may be taken at any time
  /// and the rest computed again.
  var tokens: [Int32]
  let promptTokens: Int
  /// Most tokens to draw.
  let limit: Int
  let stopTokens: [Int32]
  var sampler: Sampler
  let deadline: ContinuousClock.Instant?
  let arrival: ContinuousClock.Instant
  /// When a step first fed it.
  var started: ContinuousClock.Instant?
  var firstToken: ContinuousClock.Instant?
  var lastToken: ContinuousClock.Instant?
  /// Positions in its blocks.
  var computed = 0
  var blocks: [Int32] = []
  /// Its reader is slow: it is not stepped.
  var isPaused = false

  var generated: Int { tokens.count - promptTokens }
  /// Tokens to feed before the next can be drawn; at least 1.
  var pending: Int { tokens.count - computed }
  var isDecoding: Bool { pending == 1 && computed > 0 }

  func summary(_ reason: FinishReason, now: ContinuousClock.Instant) -> GenerationSummary {
    GenerationSummary(
      reason: reason, promptTokens: promptTokens, generatedTokens: generated,
      queued: arrival.duration(to: started ?? now),
      timeToFirstToken: firstToken.map { arrival.duration(to: $0) },
      total: arrival.duration(to: now))
  }
}

/// What the policy tells of a sequence; to be passed on to its reader.
enum SequenceEvent: Sendable {
  case token(id: Int, GeneratedToken, queued: Duration, sinceArrival: Duration)
  case ended(id: Int, GenerationSummary)
  case failed(id: Int, BatchingError)
}

/// One step to run: slices, and whose each is.
struct SequenceStep: Sendable {
  var slices: [SequenceSlice] = []
  var ids: [Int] = []
  /// There is more to be done after it, whoever's reader goes away.
  var comesBack = false
  var tokens: Int { slices.reduce(0) { $0 + $1.tokens.count } }
}
