/// How values read as text: Python's `str` and `repr`.
extension Value {
  /// What `{{ … }}` writes; nil for what has no text.
  var text: Text? {
    switch self {
    case .undefined: return Text()
    case .text(let text): return text
    default:
      var text = Text()
      return appendRepresentation(to: &text) ? text : nil
    }
  }

  /// - Returns: false for what has no text.
  private func appendRepresentation(to text: inout Text) -> Bool {
    switch self {
    case .undefined: text.append("Undefined")
    case .none: text.append("None")
    case .boolean(let flag): text.append(flag ? "True" : "False")
    case .integer(let number): text.append(String(number))
    case .real(let number): text.append("\(number)")
    case .text(let string): string.appendRepresentation(to: &text)
    case .list(let list):
      text.append(list.isTuple ? "(" : "[")
      for (index, item) in list.items.enumerated() {
        if index > 0 { text.append(", ") }
        guard item.appendRepresentation(to: &text) else { return false }
      }
      if list.isTuple, list.items.count == 1 { text.append(",") }
      text.append(list.isTuple ? ")" : "]")
    case .mapping(let mapping):
      text.append("{")
      for (index, entry) in mapping.entries.enumerated() {
        if index > 0 { text.append(", ") }
        guard entry.key.appendRepresentation(to: &text) else { return false }
        text.append(": ")
        guard entry.value.appendRepresentation(to: &text) else { return false }
      }
      text.append("}")
    case .namespace, .loop, .function: return false
    }
    return true
  }
}

extension Text {
  /// Between quotes, single ones unless only those are within, with what cannot be printed escaped.
  fileprivate func appendRepresentation(to text: inout Text) {
    let hasSingle = letters.contains { $0.scalar == "'" }
    let hasDouble = letters.contains { $0.scalar == "\"" }
    let quote: Unicode.Scalar = hasSingle && !hasDouble ? "\"" : "'"
    text.letters.append(Letter(quote))
    for letter in letters {
      switch letter.scalar {
      case quote, "\\": text.letters += [letter.with("\\"), letter]
      case let scalar where scalar.isPrintable: text.letters.append(letter)
      case let scalar:
        text.letters += scalar.pythonEscape.unicodeScalars.map { letter.with($0) }
      }
    }
    text.letters.append(Letter(quote))
  }
}

extension Unicode.Scalar {
  /// Whether Python's `repr` shows it as it is.
  fileprivate var isPrintable: Bool {
    if self == " " { return true }
    return switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .spaceSeparator:
      false
    default: true
    }
  }

  /// As an escape of Python's.
  fileprivate var pythonEscape: String {
    switch self {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default:
      let digits = String(value, radix: 16)
      let (mark, width) = value < 0x100 ? ("x", 2) : value < 0x1_0000 ? ("u", 4) : ("U", 8)
      return "\\" + mark + String(repeating: "0", count: width - digits.count) + digits
    }
  }
}
