internal import Bytes
internal import Messages

/// Which metadata of a call's answer becomes header fields of the HTTP answer.
enum AnswerHeaders {
  private static let allowed = [
    "traceparent", "server-timing", "cache-status", "ratelimit", "ratelimit-policy",
    "retry-after", "retry-after-ms", "x-should-retry", "deprecation", "sunset", "link",
  ]
  /// Fields of one answer at most, and bytes of one value.
  private static let limits = (fields: 32, value: 1024)

  static func fields(of metadata: Metadata) -> [HTTPResponse.Header] {
    var fields: [HTTPResponse.Header] = []
    fields.reserveCapacity(metadata.entries.count)
    var pushback: Int?
    for entry in metadata.entries {
      guard case .text(let value) = entry.value else { continue }
      if entry.name == "grpc-retry-pushback-ms" {
        pushback = Int(value)
      } else if allowed.contains(entry.name), fields.count < limits.fields, isFieldValue(value) {
        fields.append((entry.name, value))
      }
    }
    if let policy = metadata["ratelimit-policy"], let state = metadata["ratelimit"] {
      fields.append(contentsOf: RateLimitFields.openAI(policy: policy, state: state))
    }
    // What gRPC clients are told in their words, for those that know HTTP's.
    if let pushback, pushback >= 0, !fields.contains(where: { $0.name == "retry-after" }) {
      fields.append(("retry-after-ms", "\(pushback)"))
      fields.append(("retry-after", "\((pushback + 999) / 1000)"))
    }
    return fields
  }

  /// What the call's handler settled on as the request's name; nil if it cannot be a field.
  static func requestID(of metadata: Metadata) -> String? {
    metadata[RequestHeader.requestID.name].flatMap { HTTPRequest.isUsable(id: $0) ? $0 : nil }
  }

  static func isFieldValue(_ value: String) -> Bool {
    (1...limits.value).contains(value.utf8.count) && ASCIIText.isPrintable(value)
  }
}
