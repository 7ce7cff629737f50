// ratelimit-policy: "requests";q=100;w=60, "concurrent";q=8;qu="concurrent-requests"
// ratelimit: "requests";r=99;t=60, "concurrent";r=7
// x-ratelimit-limit-requests: 100 · -remaining-requests: 99 · -reset-requests: 1m0s
// retry-after: 37 · retry-after-ms: 36512

/// A decision as HTTP headers or gRPC metadata: the fields of draft-ietf-httpapi-ratelimit-headers,
/// those that OpenAI's clients know, and Retry-After (RFC 9110, section 10.2.3), which wins over all.
package enum RateLimitHeaders {
  /// Names are lower case. Empty where no limit applies.
  package static func fields(of decision: Decision) -> [(name: String, value: String)] {
    let readings = decision.readings
    guard !readings.isEmpty else { return [] }
    var fields: [(name: String, value: String)] = []
    fields.reserveCapacity(10)
    fields.append(("ratelimit-policy", policy(readings)))
    fields.append(("ratelimit", state(readings)))
    if let tightest = tightest(.requests, of: readings) {
      fields.append(("x-ratelimit-limit-requests", String(tightest.quota)))
      fields.append(("x-ratelimit-remaining-requests", String(tightest.remaining)))
      fields.append(("x-ratelimit-reset-requests", span(tightest.reset)))
    }
    if let tightest = tightest(.tokens, of: readings) {
      fields.append(("x-ratelimit-limit-tokens", String(tightest.quota)))
      fields.append(("x-ratelimit-remaining-tokens", String(tightest.remaining)))
      fields.append(("x-ratelimit-reset-tokens", span(tightest.reset)))
    }
    if case .refused(let refusal) = decision {
      if let wait = refusal.retryAfter {
        fields.append(("retry-after", String(wholeSeconds(wait))))
        fields.append(("retry-after-ms", String(max(1, (wait.microseconds + 999) / 1000))))
      } else {
        // OpenAI's clients would try again by themselves, and never with success.
        fields.append(("x-should-retry", "false"))
      }
    }
    return fields
  }

  private static func policy(_ readings: [LimitReading]) -> String {
    list(readings) { reading, text in
      text += ";q=\(reading.quota)"
      if let window = reading.window {
        text += ";w=\(window)"
      } else {
        text += ";qu=\"concurrent-requests\""
      }
    }
  }

  private static func state(_ readings: [LimitReading]) -> String {
    list(readings) { reading, text in
      text += ";r=\(reading.remaining)"
      if reading.window != nil && reading.reset > .zero {
        text += ";t=\(wholeSeconds(reading.reset))"
      }
    }
  }

  /// A list of structured fields (RFC 9651): quoted names with parameters.
  private static func list(
    _ readings: [LimitReading], _ parameters: (LimitReading, inout String) -> Void
  ) -> String {
    var text = ""
    for reading in readings {
      if !text.isEmpty { text += ", " }
      text += "\"\(reading.name)\""
      parameters(reading, &text)
    }
    return text
  }

  /// Of the key's limit and the model's, the one with less left.
  private static func tightest(
    _ kind: LimitReading.Kind, of readings: [LimitReading]
  ) -> LimitReading? {
    var tightest: LimitReading?
    for reading in readings where reading.kind == kind {
      if tightest.map({ reading.remaining < $0.remaining }) ?? true { tightest = reading }
    }
    return tightest
  }

  /// As OpenAI writes time: `12ms`, `1s`, `6m0s`; rounded up.
  private static func span(_ duration: Duration) -> String {
    let milliseconds = (duration.microseconds + 999) / 1000
    guard milliseconds >= 1000 else { return "\(max(milliseconds, 0))ms" }
    let seconds = wholeSeconds(duration)
    return seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m\(seconds % 60)s"
  }
}
