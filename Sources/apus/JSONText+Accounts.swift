internal import JSON
internal import Messages

extension JSONText {
  static func key(_ key: ApusV1.Key, token: String) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.field("token", token)
    json.key("key")
    append(key, to: &json)
    json.endObject()
    return json.text
  }

  static func keys(_ keys: [ApusV1.Key]) -> String {
    var json = JSONWriter()
    json.beginArray()
    for key in keys { append(key, to: &json) }
    json.endArray()
    return json.text
  }

  private static func append(_ key: ApusV1.Key, to json: inout JSONWriter) {
    json.beginObject()
    json.field("id", key.id)
    json.field("owner", key.owner)
    json.field("email", key.email)
    json.field("created_at", key.createdAt)
    json.field("expires_at", key.expiresAt)
    json.field("revoked_at", key.revokedAt)
    json.field("is_admin", key.isAdmin)
    json.field("models", key.models)
    json.endObject()
  }

  static func usage(_ answer: ApusV1.GetUsageResponse) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.field("from", answer.from)
    json.field("to", answer.to)
    json.field("missing", Int(clamping: answer.missing))
    json.key("total")
    append(answer.total ?? ApusV1.UsageSummary(), to: &json)
    json.key("days")
    json.beginArray()
    for day in answer.days {
      append(day.usage ?? ApusV1.UsageSummary(), named: [("day", day.day)], to: &json)
    }
    json.endArray()
    json.key("models")
    json.beginArray()
    for model in answer.models {
      append(model.usage ?? ApusV1.UsageSummary(), named: [("model", model.model)], to: &json)
    }
    json.endArray()
    json.key("keys")
    json.beginArray()
    for key in answer.keys {
      append(
        key.usage ?? ApusV1.UsageSummary(),
        named: [("key_id", key.keyID), ("owner", key.owner)], to: &json)
    }
    json.endArray()
    json.endObject()
    return json.text
  }

  private static func append(
    _ usage: ApusV1.UsageSummary, named: [(key: String, value: String)] = [],
    to json: inout JSONWriter
  ) {
    json.beginObject()
    for name in named { json.field(name.key, name.value) }
    json.field("requests", Int(clamping: usage.requests))
    json.field("successes", Int(clamping: usage.successes))
    json.field("success_rate", usage.successRate)
    json.field("instances", Int(clamping: usage.instances))
    json.field("prompt_tokens", Int(clamping: usage.promptTokens))
    json.field("completion_tokens", Int(clamping: usage.completionTokens))
    json.field("cached", Int(clamping: usage.cached))
    json.field("mean_latency_ms", usage.meanLatencyMs)
    json.field("p50_latency_ms", usage.p50LatencyMs)
    json.field("p95_latency_ms", usage.p95LatencyMs)
    json.field("p99_latency_ms", usage.p99LatencyMs)
    json.endObject()
  }
}
