internal import Time

/// What has been used of one set of limits: of a key as a whole, or of one model with it.
struct Meter {
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
  /// How many of the limits are set.
  private(set) var limitCount = 0
  /// The same for each call until the limits change, or the month and with it their windows.
  private var policy: String?

  init(_ limits: Limits, model: String, month: MonthMeter) {
    self.model = model
    self.month = month
    adopt(limits)
  }

  /// Goes on under other limits. What a new limit counts begins now; months are always counted.
  mutating func adopt(_ limits: Limits) {
    self.limits = limits
    Self.adopt(
      &requests, quota: limits.requests, length: UInt64(limits.window) * 1_000_000_000,
      bound: Self.requestBound)
    Self.adopt(
      &tokens, quota: limits.tokensPerMinute, length: Self.minute, bound: Self.tokenBound)
    let quotas = [
      limits.requests, limits.tokensPerMinute, limits.concurrent, limits.monthlyRequests,
      limits.monthlyTokens,
    ]
    limitCount = quotas.count { $0 != nil }
    policy = nil
  }

  private static func adopt(
    _ window: inout SlidingWindow?, quota: Int?, length: UInt64, bound: Int
  ) {
    if let quota {
      window?.adopt(quota: quota, length: length)
      if window == nil { window = SlidingWindow(quota: quota, length: length, bound: bound) }
    } else {
      window = nil
    }
  }

  /// To be called before anything else at that time.
  ///
  /// - Returns: what a month that is over leaves to be saved.
  mutating func advance(to now: Moment) -> MonthMeter? {
    requests?.expire(at: now.monotonic)
    tokens?.expire(at: now.monotonic)
    if now.wall >= month.end { policy = nil }
    return month.advance(to: now.wall)
  }

  /// Nothing in it but the month.
  var isIdle: Bool {
    running == 0 && requests?.isEmpty ?? true && tokens?.isEmpty ?? true
  }

  /// - Parameter takesPlace: whether the call is one of those that `concurrent` bounds.
  func fits(tokens amount: Int, takesPlace: Bool) -> Bool {
    requests?.fits(1) ?? true && tokens?.fits(amount) ?? true
      && (!takesPlace || isBelow(running, 1, limits.concurrent))
      && isBelow(month.requests, 1, limits.monthlyRequests)
      && isBelow(month.tokens, amount, limits.monthlyTokens)
  }

  private func isBelow(_ used: Int, _ more: Int, _ quota: Int?) -> Bool {
    quota.map { used + more <= $0 } ?? true
  }

  mutating func charge(tokens amount: Int, takesPlace: Bool, at now: UInt64) {
    requests?.charge(1, at: now)
    if amount > 0 { tokens?.charge(amount, at: now) }
    if takesPlace { running += 1 }
    month.add(requests: 1, tokens: amount)
  }

  /// - Parameter change: of tokens, against what was charged.
  mutating func settle(_ charge: AdmissionCharge, change: Int, at now: Moment) {
    if charge.takesPlace { running = max(running - 1, 0) }
    if change > 0 {
      tokens?.charge(change, at: now.monotonic)
    } else if change < 0 {
      tokens?.refund(-change, chargedAt: charge.time.monotonic, now: now.monotonic)
    }
    // What was charged in a month that is over is not given back in this one.
    if change > 0 || charge.time.wall >= month.start {
      month.add(requests: 0, tokens: change)
    }
  }

  mutating func markSaved() { month.markSaved() }
}

extension Meter {
  /// Adds the limits in force.
  func read(into readings: inout [LimitReading], at now: Moment) {
    func add(
      _ kind: LimitReading.Kind, _ quota: Int, _ window: Int?, _ remaining: Int, _ reset: UInt64
    ) {
      readings.append(
        LimitReading(
          kind: kind, isOfModel: !model.isEmpty, quota: quota, window: window,
          remaining: max(remaining, 0), resetNanoseconds: reset))
    }
    if let requests {
      let reset = requests.reset(at: now.monotonic)
      add(.requests, requests.quota, limits.window, requests.remaining, reset)
    }
    if let tokens {
      add(.tokens, tokens.quota, 60, tokens.remaining, tokens.reset(at: now.monotonic))
    }
    if let quota = limits.concurrent { add(.concurrent, quota, nil, quota - running, 0) }
    let reset = UInt64(max(month.end.microseconds - now.wall.microseconds, 0)) * 1000
    if let quota = limits.monthlyRequests {
      add(.monthlyRequests, quota, month.month.length, quota - month.requests, reset)
    }
    if let quota = limits.monthlyTokens {
      add(.monthlyTokens, quota, month.month.length, quota - month.tokens, reset)
    }
  }

  /// - Parameter readings: what `read` has added just now.
  mutating func policy(_ readings: ArraySlice<LimitReading>) -> String {
    if let policy { return policy }
    let made = readings.isEmpty ? "" : RateLimitHeaders.policy(readings)
    policy = made
    return made
  }

  /// How long a call of so many tokens has to wait for one of the limits; nil for ever.
  func wait(for kind: LimitReading.Kind, tokens amount: Int, at now: Moment) -> Duration? {
    switch kind {
    case .requests:
      return requests?.wait(for: 1, at: now.monotonic).map { .nanoseconds($0) }
    case .tokens:
      return tokens?.wait(for: amount, at: now.monotonic).map { .nanoseconds($0) }
    case .concurrent:
      // Nobody knows when a call ends: come back soon.
      guard let quota = limits.concurrent, quota > 0 else { return nil }
      return running < quota ? .zero : .seconds(1)
    case .monthlyRequests: return wait(month.requests, 1, limits.monthlyRequests, now)
    case .monthlyTokens: return wait(month.tokens, amount, limits.monthlyTokens, now)
    }
  }

  private func wait(_ used: Int, _ more: Int, _ quota: Int?, _ now: Moment) -> Duration? {
    guard let quota, more <= quota else { return nil }
    return used + more <= quota ? .zero : now.wall.duration(to: month.end)
  }
}
