internal import JSON
internal import Messages

extension Fields {
  /// A time as text or as seconds since 1970; 0 when absent.
  func time(_ key: String) throws(FieldError) -> Double {
    guard let member = member(key) else { return 0 }
    let seconds = member.number ?? member.string.flatMap(RFC3339.parse)
    guard let seconds, RFC3339.range.contains(seconds) else { throw error(key, RFC3339.expected) }
    return seconds
  }
}

extension ApusV1.CreateKeyRequest {
  init(_ fields: Fields) throws(FieldError) {
    self.init()
    try fields.allowOnly([
      "owner", "email", "expires_at", "models", "is_admin", "limits", "model_limits",
    ])
    owner = try fields.requiredString("owner")
    email = try fields.string("email") ?? ""
    expiresAt = try fields.time("expires_at")
    models = try fields.strings("models") ?? []
    isAdmin = try fields.boolean("is_admin") ?? false
    limits = try fields.object("limits").map { (fields) throws(FieldError) in
      try ApusV1.KeyLimits(fields)
    }
    guard let plans = try fields.object("model_limits") else { return }
    try plans.value.forEachMember { (key, _) throws(FieldError) in
      let model = Fields.text(key)
      modelLimits[model] = try plans.object(model).map { (fields) throws(FieldError) in
        try ApusV1.KeyLimits(fields)
      }
    }
  }
}

extension ApusV1.KeyLimits {
  init(_ fields: Fields) throws(FieldError) {
    self.init()
    try fields.allowOnly([
      "requests", "window_seconds", "tokens_per_minute", "concurrent_calls", "monthly_requests",
      "monthly_tokens",
    ])
    func word(_ key: String) throws(FieldError) -> UInt32? {
      try fields.integer(key, in: 0...Int(UInt32.max)).map { UInt32($0) }
    }
    requests = try word("requests")
    windowSeconds = try word("window_seconds")
    tokensPerMinute = try word("tokens_per_minute")
    concurrentCalls = try word("concurrent_calls")
    monthlyRequests = try fields.integer("monthly_requests", in: 0...Int.max).map { UInt64($0) }
    monthlyTokens = try fields.integer("monthly_tokens", in: 0...Int.max).map { UInt64($0) }
  }

  fileprivate func write(to json: inout JSONWriter) {
    let limits: [(String, UInt64?)] = [
      ("requests", requests.map(UInt64.init)), ("window_seconds", windowSeconds.map(UInt64.init)),
      ("tokens_per_minute", tokensPerMinute.map(UInt64.init)),
      ("concurrent_calls", concurrentCalls.map(UInt64.init)), ("monthly_requests", monthlyRequests),
      ("monthly_tokens", monthlyTokens),
    ]
    json.object { json in
      for (name, limit) in limits {
        if let limit { json.member(name, limit) }
      }
    }
  }
}

extension ApusV1.Key {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("id", id)
      json.member("owner", owner)
      json.member("email", email)
      json.time("created_at", createdAt)
      json.time("expires_at", expiresAt)
      json.time("revoked_at", revokedAt)
      json.member("models", models)
      json.member("is_admin", isAdmin)
      json.key("limits")
      (limits ?? ApusV1.KeyLimits()).write(to: &json)
      json.key("model_limits")
      json.object { json in
        for (model, limits) in modelLimits.sorted(by: { $0.key < $1.key }) {
          json.key(model)
          limits.write(to: &json)
        }
      }
    }
  }
}

// MARK: - Usage

extension ApusV1.GetUsageResponse {
  /// - Parameter hasKeys: whether keys were asked for.
  func write(to json: inout JSONWriter, hasKeys: Bool) {
    json.object { json in
      json.time("from", from)
      json.time("to", to)
      json.member("missing", missing)
      json.key("total")
      json.object { json in (total ?? ApusV1.UsageSummary()).writeMembers(to: &json) }
      json.key("days")
      json.array(days) { json, day in
        json.object { json in
          json.member("day", day.day)
          (day.usage ?? ApusV1.UsageSummary()).writeMembers(to: &json)
        }
      }
      json.key("models")
      json.array(models) { json, model in
        json.object { json in
          json.member("model", model.model)
          (model.usage ?? ApusV1.UsageSummary()).writeMembers(to: &json)
        }
      }
      guard hasKeys else { return }
      json.key("keys")
      json.array(keys) { json, key in
        json.object { json in
          json.member("key_id", key.keyID)
          json.member("owner", key.owner)
          (key.usage ?? ApusV1.UsageSummary()).writeMembers(to: &json)
        }
      }
    }
  }
}

extension ApusV1.UsageSummary {
  fileprivate func writeMembers(to json: inout JSONWriter) {
    json.member("requests", requests)
    json.member("successes", successes)
    json.member("success_rate", successRate)
    json.member("instances", instances)
    json.member("prompt_tokens", promptTokens)
    json.member("completion_tokens", completionTokens)
    json.member("cached", cached)
    json.member("mean_latency_ms", meanLatencyMs)
    json.member("p50_latency_ms", p50LatencyMs)
    json.member("p95_latency_ms", p95LatencyMs)
    json.member("p99_latency_ms", p99LatencyMs)
  }
}
