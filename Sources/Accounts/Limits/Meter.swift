/// What has been used of one set of limits: of a key as a whole, or of one model with it.
final class Meter {
  /// Requests that are counted one by one; with larger quotas the window errs on refusing, by
  /// less than 1/2048 of its length.
  static let requestBound = 4096
  /// Charges of tokens that are kept one by one; with more a minute the window errs likewise, by
  /// less than 1/512.
  static let tokenBound = 1024
  static let minute: UInt64 = 60_000_000_000

  /// Empty for the key as a whole.
  let model: String
  private var limits = Limits.unlimited
  private var requests: SlidingWindow?
  private var tokens: SlidingWindow?
  private var running = 0
  private(set) var month: MonthMeter

  init(_ limits: Limits, model: String, month: MonthMeter) {
    self.model = model
    self.month = month
    adopt(limits)
  }

  /// Goes on under other limits. What a new limit counts begins now; months are always counted.
  func adopt(_ limits: Limits) {
    self.limits = limits
    requests = Self.window(
      requests, quota: limits.requests, length: UInt64(limits.window) * 1_000_000_000,
      bound: Self.requestBound)
    tokens = Self.window(
      tokens, quota: limits.tokensPerMinute, length: Self.minute, bound: Self.tokenBound)
  }

  private static func window(
    _ current: SlidingWindow?, quota: Int?, length: UInt64, bound: Int
  ) -> SlidingWindow? {
    guard let quota else { return nil }
    guard var window = current else {
      return SlidingWindow(quota: quota, length: length, bound: bound)
    }
    window.adopt(quota: quota, length: length)
    return window
  }

  /// To be called before anything else at that time.
  ///
  /// - Returns: what a month that is over leaves to be saved.
  func advance(to now: Moment) -> MonthMeter? {
    requests?.expire(at: now.monotonic)
    tokens?.expire(at: now.monotonic)
    return month.advance(to: now.wall)
  }

  /// Nothing in it but the month.
  var isIdle: Bool {
    running == 0 && requests?.isEmpty ?? true && tokens?.isEmpty ?? true
  }

  func fits(tokens amount: Int) -> Bool {
    requests?.fits(1) ?? true && tokens?.fits(amount) ?? true
      && isBelow(running, 1, limits.concurrent)
      && isBelow(month.requests, 1, limits.monthlyRequests)
      && isBelow(month.tokens, amount, limits.monthlyTokens)
  }

  func charge(tokens amount: Int, at now: UInt64) {
    requests?.charge(1, at: now)
    if amount > 0 { tokens?.charge(amount, at: now) }
    running += 1
    month.add(requests: 1, tokens: amount)
  }

  /// - Parameter change: of tokens, against what was charged.
  func settle(_ charge: AdmissionCharge, change: Int, at now: Moment) {
    running = max(running - 1, 0)
    if change > 0 {
      tokens?.charge(change, at: now.monotonic)
    } else if change < 0 {
      tokens?.refund(-change, chargedAt: charge.time.monotonic, now: now.monotonic)
    }
    // What was charged in a month that is over is not given back in this one.
    if change > 0 || charge.time.wall >= month.month.start {
      month.add(requests: 0, tokens: change)
    }
  }

  /// The month's changes, once.
  func takeUnsaved() -> MonthMeter {
    defer { month.markSaved() }
    return month
  }

  private func isBelow(_ used: Int, _ more: Int, _ quota: Int?) -> Bool {
    quota.map { used + more <= $0 } ?? true
  }
}

extension Meter {
  /// The limits in force, each with how long a call of so many tokens would have to wait for it.
  ///
  /// - Parameter tokens: that the call asks for.
  func readings(
    tokens amount: Int, at now: Moment
  ) -> [(reading: LimitReading, wait: Duration?)] {
    var readings: [(reading: LimitReading, wait: Duration?)] = []
    func add(
      _ kind: LimitReading.Kind, _ quota: Int, _ window: Int?, _ remaining: Int,
      _ reset: Duration, _ wait: Duration?
    ) {
      let reading = LimitReading(
        kind: kind, isOfModel: !model.isEmpty, quota: quota, window: window,
        remaining: max(remaining, 0), reset: reset)
      readings.append((reading, wait))
    }
    if let requests {
      add(
        .requests, requests.quota, limits.window, requests.remaining,
        .nanoseconds(requests.reset(at: now.monotonic)),
        requests.wait(for: 1, at: now.monotonic).map { .nanoseconds($0) })
    }
    if let tokens {
      add(
        .tokens, tokens.quota, 60, tokens.remaining,
        .nanoseconds(tokens.reset(at: now.monotonic)),
        tokens.wait(for: amount, at: now.monotonic).map { .nanoseconds($0) })
    }
    if let quota = limits.concurrent {
      // Nobody knows when a call ends: come back soon.
      let wait: Duration? = quota == 0 ? nil : running < quota ? .zero : .seconds(1)
      add(.concurrent, quota, nil, quota - running, .zero, wait)
    }
    let monthEnd = now.wall.duration(to: month.end)
    for (kind, used, more, quota) in [
      (LimitReading.Kind.monthlyRequests, month.requests, 1, limits.monthlyRequests),
      (.monthlyTokens, month.tokens, amount, limits.monthlyTokens),
    ] {
      guard let quota else { continue }
      let wait: Duration? = more > quota ? nil : used + more <= quota ? .zero : monthEnd
      add(kind, quota, month.month.length, quota - used, monthEnd, wait)
    }
    return readings
  }
}
