internal import Accounts
internal import Messages
internal import Metrics
internal import Time

// The contract's messages to the values of Accounts, and back.

extension KeyRequest {
  /// - Parameter defaults: what a key's own limits leave open.
  init(
    _ request: ApusV1.CreateKeyRequest, defaults: LimitPlan, now: UnixTime
  ) throws(Status) {
    self.init(owner: request.owner, email: request.email)
    if request.expiresAt != 0 {
      guard request.expiresAt.isFinite, abs(request.expiresAt) < 1e11 else {
        throw Validation.invalid("expires_at", "expected seconds since 1970")
      }
      let end = UnixTime(microseconds: Int64(request.expiresAt * 1e6))
      guard end > now else { throw Validation.invalid("expires_at", "that time has passed") }
      lifetime = now.duration(to: end)
    }
    isAdmin = request.isAdmin
    if !request.models.isEmpty { models = .only(request.models) }
    guard request.limits != nil || !request.modelLimits.isEmpty else { return }
    guard request.modelLimits.count <= LimitPlan.modelBound else {
      throw Validation.invalid(
        "model_limits",
        "at most \(LimitPlan.modelBound) are allowed, got \(request.modelLimits.count)")
    }
    limits = LimitPlan(
      request.limits.map { Limits($0, default: defaults.whole) } ?? defaults.whole,
      models: request.modelLimits.mapValues { Limits($0, default: .unlimited) })
  }
}

extension Limits {
  /// - Parameter initial: what absent fields become.
  fileprivate init(_ message: ApusV1.KeyLimits, default initial: Limits) {
    /// 0 is the contract's word for no limit.
    func limit(_ value: (some BinaryInteger)?, _ initial: Int?) -> Int? {
      guard let value else { return initial }
      return value == 0 ? nil : Int(clamping: value)
    }
    self = initial
    requests = limit(message.requests, initial.requests)
    if let seconds = message.windowSeconds, seconds > 0 { window = Int(seconds) }
    tokensPerMinute = limit(message.tokensPerMinute, initial.tokensPerMinute)
    concurrent = limit(message.concurrentCalls, initial.concurrent)
    monthlyRequests = limit(message.monthlyRequests, initial.monthlyRequests)
    monthlyTokens = limit(message.monthlyTokens, initial.monthlyTokens)
  }
}

extension ApusV1.KeyLimits {
  fileprivate init(_ limits: Limits) {
    self.init()
    requests = UInt32(clamping: limits.requests ?? 0)
    windowSeconds = UInt32(clamping: limits.window)
    tokensPerMinute = UInt32(clamping: limits.tokensPerMinute ?? 0)
    concurrentCalls = UInt32(clamping: limits.concurrent ?? 0)
    monthlyRequests = UInt64(clamping: limits.monthlyRequests ?? 0)
    monthlyTokens = UInt64(clamping: limits.monthlyTokens ?? 0)
  }
}

extension ApusV1.Key {
  init(_ key: StoredKey) {
    self.init()
    id = "\(key.id)"
    owner = key.owner
    email = key.email
    createdAt = key.created.seconds
    expiresAt = key.expires?.seconds ?? 0
    revokedAt = key.revoked?.seconds ?? 0
    if case .only(let names) = key.models { models = names }
    isAdmin = key.isAdmin
    limits = key.limits.map { ApusV1.KeyLimits($0.whole) }
    modelLimits = key.limits?.models.mapValues { ApusV1.KeyLimits($0) } ?? [:]
  }
}

// MARK: - Usage

extension UsageQuery {
  /// - Parameter caller: nil for whoever holds the database itself, who may see everything.
  init(
    _ request: ApusV1.GetUsageRequest, caller: Caller?, now: UnixTime
  ) throws(Status) {
    let (from, to) = (try Self.day(request.from, "from"), try Self.day(request.to, "to"))
    let last = to ?? now.day
    let first = from ?? CalendarDay(number: last.number - 30)
    guard first <= last else { throw Validation.invalid("from", "it is after `to`") }
    self.init(
      key: try Self.key(request, caller), days: first...last,
      model: request.model.isEmpty ? nil : request.model, isByKey: request.byKey)
  }

  private static func key(
    _ request: ApusV1.GetUsageRequest, _ caller: Caller?
  ) throws(Status) -> KeyID? {
    guard request.keyID.isEmpty || !request.allKeys else {
      throw Validation.invalid("key_id", "all_keys is set too; give one of the two")
    }
    let wanted: KeyID?
    if request.allKeys {
      wanted = nil
    } else if request.keyID.isEmpty {
      wanted = caller?.keyID
    } else {
      guard let id = KeyID(request.keyID) else {
        throw Validation.invalid("key_id", "expected the eight letters and digits that name a key")
      }
      wanted = id
    }
    if let caller, !caller.isAdmin, wanted != caller.keyID {
      throw Status(
        .permissionDenied,
        "key \(caller.keyID) may see its own usage only; an administrator's key sees all")
    }
    return wanted
  }

  private static func day(_ seconds: Double, _ field: String) throws(Status) -> CalendarDay? {
    guard seconds != 0 else { return nil }
    guard (0...253_402_300_799).contains(seconds) else {
      throw Validation.invalid(field, "expected seconds since 1970, got \(seconds)")
    }
    return UnixTime(seconds: Int64(seconds)).day
  }
}

extension ApusV1.GetUsageResponse {
  init(_ report: UsageReport, of query: UsageQuery) {
    self.init()
    total = ApusV1.UsageSummary(report.total)
    days = report.days.map {
      ApusV1.DailyUsage(day: "\($0.day)", usage: ApusV1.UsageSummary($0.summary))
    }
    models = report.models.map {
      ApusV1.ModelUsage(model: $0.model, usage: ApusV1.UsageSummary($0.summary))
    }
    keys = report.keys.map {
      ApusV1.KeyUsage(
        keyID: "\($0.key)", owner: $0.owner, usage: ApusV1.UsageSummary($0.summary))
    }
    from = query.days.lowerBound.start.seconds
    to = CalendarDay(number: query.days.upperBound.number + 1).start.seconds
    missing = UInt64(clamping: report.missing)
  }
}

extension ApusV1.UsageSummary {
  fileprivate init(_ summary: UsageSummary) {
    self.init()
    requests = UInt64(clamping: summary.requests)
    successes = UInt64(clamping: summary.successes)
    successRate = summary.successRate ?? 0
    instances = UInt64(clamping: summary.instances)
    promptTokens = UInt64(clamping: summary.tokensIn)
    completionTokens = UInt64(clamping: summary.tokensOut)
    cached = UInt64(clamping: summary.cached)
    meanLatencyMs = summary.meanLatency.milliseconds
    p50LatencyMs = summary.p50.milliseconds
    p95LatencyMs = summary.p95.milliseconds
    p99LatencyMs = summary.p99.milliseconds
  }
}
