internal import Messages

/// How long a job waits before its call is made again, after one that was refused for now: a key's
/// limit was reached, a queue was full, a model is being loaded.
struct JobPause {
  /// Longest waiting of one job, all its pauses together. It holds a place meanwhile.
  static let patience = Duration.seconds(600)
  /// A refusal that asks for a longer pause than this, such as a month's quota, is the end.
  static let longest = Duration.seconds(60)
  private static let first = Duration.milliseconds(500)
  private static let longestGuess = Duration.seconds(30)

  private var waited = Duration.zero
  private var guess = Self.first

  /// - Returns: nil where the job has failed.
  mutating func next(after status: Status) -> Duration? {
    guard let pause = pause(after: status), waited + pause <= Self.patience else { return nil }
    waited += pause
    return pause
  }

  private mutating func pause(after status: Status) -> Duration? {
    switch status.code {
    case .resourceExhausted:
      guard let advice = status.metadata["grpc-retry-pushback-ms"].flatMap({ Int64($0) }),
        case let pause = Duration.milliseconds(advice), pause <= Self.longest
      else { return nil }
      // A limit that is free again at once can be taken again by another at once.
      return max(pause, .milliseconds(50))
    case .unavailable:
      defer { guess = min(guess * 2, Self.longestGuess) }
      return guess
    default: return nil
    }
  }
}
