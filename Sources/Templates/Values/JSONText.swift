/// JSON as Python's `json.dumps(…, ensure_ascii=False)` writes it: what templates were trained
/// with.
struct JSONText {
  private(set) var text = Text()
  /// Spaces a level; nil writes all on one line.
  let indent: Int?

  /// - Returns: nil for what JSON cannot say.
  static func of(_ value: Value, indent: Int?) -> Text? {
    var writer = JSONText(indent: indent)
    return writer.append(value, level: 0) ? writer.text : nil
  }

  private init(indent: Int?) { self.indent = indent }

  private mutating func append(_ value: Value, level: Int) -> Bool {
    switch value {
    case .none: text.append("null")
    case .boolean(let flag): text.append(flag ? "true" : "false")
    case .integer(let number): text.append(String(number))
    case .real(let number): append(number)
    case .text(let string): append(string)
    case .list(let list):
      return appendAll(list.items, "[", "]", level) { writer, item in
        writer.append(item, level: level + 1)
      }
    case .mapping(let mapping):
      return appendAll(mapping.entries, "{", "}", level) { writer, entry in
        guard writer.append(key: entry.key) else { return false }
        writer.text.append(": ")
        return writer.append(entry.value, level: level + 1)
      }
    case .undefined, .namespace, .loop, .function: return false
    }
    return true
  }

  private mutating func appendAll<Element>(
    _ elements: [Element], _ open: String, _ close: String, _ level: Int,
    append: (inout JSONText, Element) -> Bool
  ) -> Bool {
    text.append(open)
    for (index, element) in elements.enumerated() {
      if index > 0 { text.append(indent == nil ? ", " : ",") }
      breakLine(level + 1)
      guard append(&self, element) else { return false }
    }
    if !elements.isEmpty { breakLine(level) }
    text.append(close)
    return true
  }

  private mutating func breakLine(_ level: Int) {
    guard let indent else { return }
    text.append("\n" + String(repeating: " ", count: indent * level))
  }

  private mutating func append(key: Value) -> Bool {
    switch key {
    case .text(let string): append(string)
    case .none, .boolean, .integer, .real:
      text.append("\"")
      _ = append(key, level: 0)
      text.append("\"")
    default: return false
    }
    return true
  }

  private mutating func append(_ number: Double) {
    if number.isFinite {
      text.append("\(number)")
    } else {
      text.append(number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity")
    }
  }

  private mutating func append(_ string: Text) {
    text.append("\"")
    for letter in string.letters {
      let escape: String? =
        switch letter.scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case "\u{8}": "\\b"
        case "\u{c}": "\\f"
        case let scalar where scalar.value < 0x10: "\\u000" + String(scalar.value, radix: 16)
        case let scalar where scalar.value < 0x20: "\\u00" + String(scalar.value, radix: 16)
        default: nil
        }
      if let escape {
        text.letters += escape.unicodeScalars.map { letter.with($0) }
      } else {
        text.letters.append(letter)
      }
    }
    text.append("\"")
  }
}
