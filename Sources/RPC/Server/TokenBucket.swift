internal import EventLoop

/// A rate limit with a burst: `burst` tokens at first, refilled at `perSecond` up to `burst`.
struct TokenBucket: Sendable {
  private let burst: Double
  private let perNanosecond: Double
  private var tokens: Double
  private var last: LoopInstant?

  init(burst: Int, perSecond: Int) {
    self.burst = Double(burst)
    perNanosecond = Double(perSecond) / 1e9
    tokens = Double(burst)
  }

  /// - Returns: false if there are not so many tokens; then none is taken.
  mutating func take(_ count: Int = 1, now: LoopInstant) -> Bool {
    if let last {
      tokens = min(burst, tokens + Double(now.nanoseconds(since: last)) * perNanosecond)
    }
    last = now
    guard tokens >= Double(count) else { return false }
    tokens -= Double(count)
    return true
  }
}
