/// Keeps calls away from what fails anyway, and finds out when it works again. Pure.
///
///            too many of the window's calls failed
///     closed ──────────────────────────────────────▶ open
///       ▲                                          ▲  │ after a pause
///       │      some calls in a row succeeded  fails│  ▼
///       └──────────────────────────────────────── half-open: one call at a time
///
/// (M. Nygard, "Release It!", 2007.)
struct CircuitBreaker {
  enum State: String, Sendable, CaseIterable {
    case closed
    case halfOpen = "half_open"
    case open
  }

  /// Leave to call; to be reported once.
  struct Permit: Sendable, Equatable {
    /// Of the state in which it was given: what began earlier says nothing of now.
    let epoch: Int
  }

  enum Verdict: Sendable, Equatable {
    case succeeded, failed
    /// It ended for reasons of its own: a caller's mistake, a client that went.
    case silent
  }

  private struct Bucket {
    /// Which stretch of time it holds.
    var number = -1
    var calls = 0
    var failures = 0
  }

  private static let bucketCount = 10

  let settings: BreakerSettings
  private let origin: ContinuousClock.Instant
  private let width: Int64
  private var buckets: [Bucket] = []
  private(set) var state = State.closed
  private(set) var epoch = 0
  private var opened: ContinuousClock.Instant
  private var isProbing = false
  private var successes = 0

  init(_ settings: BreakerSettings, at now: ContinuousClock.Instant) {
    self.settings = settings
    origin = now
    opened = now
    width = max(1, (settings.window / Self.bucketCount).nanoseconds)
  }

  // MARK: Calls

  /// Nil while calls are kept away.
  mutating func permit(at now: ContinuousClock.Instant) -> Permit? {
    switch state {
    case .closed: return Permit(epoch: epoch)
    case .open:
      guard now >= opened + settings.pause else { return nil }
      enter(.halfOpen)
    case .halfOpen:
      if isProbing { return nil }
    }
    isProbing = true
    return Permit(epoch: epoch)
  }

  /// - Returns: whether the state has changed.
  @discardableResult
  mutating func report(
    _ permit: Permit, _ verdict: Verdict, at now: ContinuousClock.Instant
  ) -> Bool {
    guard permit.epoch == epoch else { return false }
    switch state {
    case .open: return false
    case .closed:
      guard verdict != .silent else { return false }
      count(failed: verdict == .failed, at: now)
      guard verdict == .failed, isTripped(at: now) else { return false }
    case .halfOpen:
      isProbing = false
      if verdict == .silent { return false }
      if verdict == .succeeded {
        successes += 1
        guard successes >= BreakerSettings.probes else { return false }
        buckets = []
        enter(.closed)
        return true
      }
    }
    return open(at: now)
  }

  /// A call that had been reported as a success has failed after all, such as a stream after its
  /// first token.
  ///
  /// - Returns: whether the state has changed.
  @discardableResult
  mutating func reportLateFailure(_ permit: Permit, at now: ContinuousClock.Instant) -> Bool {
    guard permit.epoch == epoch, state == .closed else { return false }
    countLateFailure(at: now)
    return isTripped(at: now) && open(at: now)
  }

  private mutating func open(at now: ContinuousClock.Instant) -> Bool {
    opened = now
    enter(.open)
    return true
  }

  private mutating func enter(_ next: State) {
    state = next
    epoch += 1
    successes = 0
    isProbing = false
  }

  /// After what time a refused call may be worth another try.
  func wait(at now: ContinuousClock.Instant) -> Duration {
    max(.milliseconds(100), now.duration(to: opened + settings.pause))
  }

  // MARK: The window

  private func number(at now: ContinuousClock.Instant) -> Int {
    Int(max(.zero, origin.duration(to: now)).nanoseconds / width)
  }

  private mutating func count(failed: Bool, at now: ContinuousClock.Instant) {
    if buckets.isEmpty { buckets = Array(repeating: Bucket(), count: Self.bucketCount) }
    let number = number(at: now)
    let place = number % Self.bucketCount
    if buckets[place].number != number { buckets[place] = Bucket(number: number) }
    buckets[place].calls += 1
    if failed { buckets[place].failures += 1 }
  }

  /// The window's latest success becomes a failure. Which call's it was does not matter: no bucket
  /// has more failures than calls. Where none is left, the call is counted anew.
  private mutating func countLateFailure(at now: ContinuousClock.Instant) {
    let oldest = number(at: now) - Self.bucketCount
    let successful = buckets.indices.filter {
      buckets[$0].number > oldest && buckets[$0].failures < buckets[$0].calls
    }
    guard let place = successful.max(by: { buckets[$0].number < buckets[$1].number }) else {
      return count(failed: true, at: now)
    }
    buckets[place].failures += 1
  }

  /// Calls of the window and how many of them failed.
  private func totals(at now: ContinuousClock.Instant) -> (calls: Int, failures: Int) {
    let oldest = number(at: now) - Self.bucketCount
    return buckets.reduce(into: (0, 0)) { sum, bucket in
      guard bucket.number > oldest else { return }
      sum.0 += bucket.calls
      sum.1 += bucket.failures
    }
  }

  private func isTripped(at now: ContinuousClock.Instant) -> Bool {
    let (calls, failures) = totals(at: now)
    return calls >= settings.minimumCalls
      && Double(failures) >= settings.failureShare * Double(calls)
  }

  /// Failed share of the window's calls.
  func failureRate(at now: ContinuousClock.Instant) -> Double {
    let (calls, failures) = totals(at: now)
    return calls == 0 ? 0 : Double(failures) / Double(calls)
  }
}

extension Duration {
  fileprivate var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
