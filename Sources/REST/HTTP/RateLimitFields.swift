// ratelimit-policy: "requests";q=100;w=60, "tokens";q=5000;w=60
// ratelimit: "requests";r=99;t=60, "tokens";r=4940;t=60
//   ─▶ x-ratelimit-limit-requests: 100 · -remaining-requests: 99 · -reset-requests: 1m0s · …

/// The fields by which OpenAI's clients know of limits, from those that every caller is told.
///
/// https://platform.openai.com/docs/guides/rate-limits (Rate limits in headers)
enum RateLimitFields {
  /// One limit of a list of structured fields (RFC 9651): a quoted name with numbers.
  private struct Item {
    var name: Substring.UTF8View
    var numbers: [UInt8: Int] = [:]
  }

  /// - Parameters:
  ///   - policy: what may be used, as `ratelimit-policy` has it.
  ///   - state: what is left of it, as `ratelimit` has it.
  static func openAI(policy: String, state: String) -> [HTTPResponse.Header] {
    let (policies, states) = (items(policy), items(state))
    var fields: [HTTPResponse.Header] = []
    for kind in ["requests", "tokens"] {
      // Of the key's limit and the model's, the one with less left.
      let tightest = states.lazy
        .filter { isNamed($0, kind) }
        .min { left(of: $0) < left(of: $1) }
      guard let tightest,
        let policy = policies.first(where: { $0.name.elementsEqual(tightest.name) })
      else { continue }
      fields.append(("x-ratelimit-limit-\(kind)", String(policy.numbers[UInt8(ascii: "q")] ?? 0)))
      fields.append(("x-ratelimit-remaining-\(kind)", String(left(of: tightest))))
      fields.append(
        ("x-ratelimit-reset-\(kind)", span(tightest.numbers[UInt8(ascii: "t")] ?? 0)))
    }
    return fields
  }

  private static func left(of item: Item) -> Int { item.numbers[UInt8(ascii: "r")] ?? 0 }

  private static func isNamed(_ item: Item, _ kind: String) -> Bool {
    item.name.elementsEqual(kind.utf8) || item.name.elementsEqual("model-\(kind)".utf8)
  }

  /// Parameters that are no numbers of one letter are left out.
  private static func items(_ list: String) -> [Item] {
    list.utf8.split(separator: UInt8(ascii: ",")).compactMap { text in
      let parts = text.split(separator: UInt8(ascii: ";"))
      guard let quoted = parts.first?.drop(while: { $0 == UInt8(ascii: " ") }), quoted.count > 2
      else { return nil }
      var item = Item(name: quoted.dropFirst().dropLast())
      for part in parts.dropFirst() where part.dropFirst().first == UInt8(ascii: "=") {
        guard let letter = part.first, let number = Int(Substring(part.dropFirst(2))) else {
          continue
        }
        item.numbers[letter] = number
      }
      return item
    }
  }

  /// As OpenAI writes time: `0s`, `1s`, `6m0s`.
  private static func span(_ seconds: Int) -> String {
    seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m\(seconds % 60)s"
  }
}
