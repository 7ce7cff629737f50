internal import Messages

extension PlainText {
  /// A key with its token, which nobody will see again.
  static func issued(_ key: ApusV1.Key, token: String) -> String {
    """
    \(token)

    \(line(key))
    Keep the token: it is not kept here.
    Clients send it as `authorization: Bearer …` or `x-api-key`.
    """
  }

  static func keys(_ keys: [ApusV1.Key]) -> String {
    keys.isEmpty
      ? "there are no keys; make one with apus keys create --owner NAME"
      : keys.map(line).joined(separator: "\n")
  }

  private static func line(_ key: ApusV1.Key) -> String {
    var facts = ["\(key.id)  \(key.owner)"]
    if !key.email.isEmpty { facts[0] += " <\(key.email)>" }
    facts.append(key.isAdmin ? "administrator" : "caller")
    facts.append(key.models.isEmpty ? "all models" : key.models.joined(separator: ", "))
    if let limits = key.limits { facts.append(text(limits)) }
    facts.append("made \(day(key.createdAt))")
    if key.expiresAt > 0 { facts.append("until \(day(key.expiresAt))") }
    if key.revokedAt > 0 { facts.append("revoked \(day(key.revokedAt))") }
    return facts.joined(separator: ", ")
  }

  private static func text(_ limits: ApusV1.KeyLimits) -> String {
    func limit(_ value: UInt64?, _ unit: String) -> String? {
      value.flatMap { $0 > 0 ? "\($0) \(unit)" : nil }
    }
    let parts = [
      limit(limits.requests.map(UInt64.init), "requests in \(limits.windowSeconds ?? 0) s"),
      limit(limits.tokensPerMinute.map(UInt64.init), "tokens a minute"),
      limit(limits.concurrentCalls.map(UInt64.init), "at once"),
      limit(limits.monthlyRequests, "requests a month"),
      limit(limits.monthlyTokens, "tokens a month"),
    ].compactMap { $0 }
    return parts.isEmpty ? "unlimited" : parts.joined(separator: " + ")
  }

  static func usage(_ answer: ApusV1.GetUsageResponse) -> String {
    var lines = [
      row("", "requests", "success", "mean ms", "p50", "p95", "p99", "tokens in", "out", "cached")
    ]
    for day in answer.days { lines.append(row(day.day, day.usage ?? ApusV1.UsageSummary())) }
    for model in answer.models {
      let name = model.model.isEmpty ? "(no model)" : model.model
      lines.append(row(name, model.usage ?? ApusV1.UsageSummary()))
    }
    for key in answer.keys {
      let name = key.owner.isEmpty ? key.keyID : "\(key.keyID) \(key.owner)"
      lines.append(row(name, key.usage ?? ApusV1.UsageSummary()))
    }
    lines.append(row("all", answer.total ?? ApusV1.UsageSummary()))
    if answer.missing > 0 {
      lines.append("\(answer.missing) calls are missing: the database could not keep up")
    }
    return lines.joined(separator: "\n")
  }

  private static func row(_ name: String, _ usage: ApusV1.UsageSummary) -> String {
    row(
      name, "\(usage.requests)", "\(fixed(usage.successRate * 100, 2)) %",
      fixed(usage.meanLatencyMs, 2), fixed(usage.p50LatencyMs, 2), fixed(usage.p95LatencyMs, 2),
      fixed(usage.p99LatencyMs, 2), "\(usage.promptTokens)", "\(usage.completionTokens)",
      "\(usage.cached)")
  }

  private static func row(_ name: String, _ cells: String...) -> String {
    let padded = cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }
    return name + String(repeating: " ", count: max(1, 18 - name.count)) + padded.joined()
  }

  /// `2026-11-20` of seconds since 1970.
  private static func day(_ seconds: Double) -> String { AccountDesk.day(seconds) }
}
