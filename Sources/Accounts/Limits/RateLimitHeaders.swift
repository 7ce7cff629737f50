internal import Time

// ratelimit-policy: "requests";q=100;w=60, "concurrent";q=8;qu="concurrent-requests"
// ratelimit: "requests";r=99;t=60, "concurrent";r=7
// retry-after: 37 · retry-after-ms: 36512

/// A decision as gRPC metadata or HTTP headers: the fields of draft-ietf-httpapi-ratelimit-headers,
/// and Retry-After (RFC 9110, section 10.2.3), which wins over them.
package enum RateLimitHeaders {
  /// Names are lower case; `changes` where each answer has its own value. Empty where no limit
  /// applies.
  package static func fields(
    of decision: Decision
  ) -> [(name: String, value: String, changes: Bool)] {
    let readings = decision.readings
    guard !readings.isEmpty else { return [] }
    var fields = [
      (name: "ratelimit-policy", value: decision.policy, changes: false),
      (name: "ratelimit", value: state(readings[...]), changes: true),
    ]
    if case .refused(let refusal) = decision {
      if let wait = refusal.retryAfter {
        fields.append(("retry-after", String(wholeSeconds(wait)), true))
        fields.append(("retry-after-ms", String(max(1, milliseconds(wait.nanoseconds))), true))
      } else {
        // OpenAI's clients would try again by themselves, and never with success.
        fields.append(("x-should-retry", "false", false))
      }
    }
    return fields
  }

  /// What limits are.
  static func policy(_ readings: ArraySlice<LimitReading>) -> String {
    list(readings) { reading, text in
      text.append(";q=", reading.quota)
      if let window = reading.window {
        text.append(";w=", window)
      } else {
        text.append(";qu=\"concurrent-requests\"")
      }
    }
  }

  /// What is left of them.
  private static func state(_ readings: ArraySlice<LimitReading>) -> String {
    list(readings) { reading, text in
      text.append(";r=", reading.remaining)
      if reading.window != nil && reading.resetNanoseconds > 0 {
        text.append(";t=", wholeSeconds(reading.resetNanoseconds))
      }
    }
  }

  /// A list of structured fields (RFC 9651): quoted names with parameters.
  private static func list(
    _ readings: ArraySlice<LimitReading>, _ parameters: (LimitReading, inout FieldText) -> Void
  ) -> String {
    FieldText.write(capacity: 80 * readings.count) { text in
      for (place, reading) in readings.enumerated() {
        text.append(place == 0 ? "\"" : ", \"")
        if reading.isOfModel { text.append("model-") }
        text.append(name(reading.kind))
        text.append("\"")
        parameters(reading, &text)
      }
    }
  }

  private static func name(_ kind: LimitReading.Kind) -> StaticString {
    switch kind {
    case .requests: "requests"
    case .tokens: "tokens"
    case .concurrent: "concurrent"
    case .monthlyRequests: "month-requests"
    case .monthlyTokens: "month-tokens"
    }
  }

  /// Rounded up.
  private static func milliseconds(_ nanoseconds: UInt64) -> Int {
    Int(nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0))
  }
}

/// ASCII text written straight into a string's own memory: these fields may go out with every
/// answer, and interpolation takes ten times as long. What does not fit is cut.
@safe
private struct FieldText {
  private let memory: UnsafeMutableBufferPointer<UInt8>
  private var count = 0

  static func write(capacity: Int, _ body: (inout FieldText) -> Void) -> String {
    unsafe String(unsafeUninitializedCapacity: capacity) { memory in
      var text = unsafe FieldText(memory: memory)
      body(&text)
      return text.count
    }
  }

  @unsafe private init(memory: UnsafeMutableBufferPointer<UInt8>) { unsafe self.memory = memory }

  mutating func append(_ text: StaticString) {
    let length = min(text.utf8CodeUnitCount, unsafe memory.count - count)
    unsafe memory.baseAddress?.advanced(by: count).update(from: text.utf8Start, count: length)
    count += length
  }

  /// - Parameter number: not negative.
  mutating func append(_ before: StaticString, _ number: Int) {
    append(before)
    // From the last digit on: divisions by a constant are multiplications.
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var (rest, length) = (number, 0)
    repeat {
      digits[length] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
      length += 1
    } while rest > 0
    while length > 0, unsafe count < memory.count {
      length -= 1
      unsafe memory[count] = digits[length]
      count += 1
    }
  }
}
