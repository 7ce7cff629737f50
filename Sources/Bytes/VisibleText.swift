/// Texts of strangers, shown so that they can neither drive a terminal nor look like something
/// else: what is no visible character stands as `\u{…}`.
package enum VisibleText {
  /// Whether it shows as itself: no control (C0, DEL, C1), nothing that turns the direction or is
  /// invisible, no line or paragraph separator.
  package static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
    return switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      false
    default: true
    }
  }

  /// A scalar as one line shows it.
  package static func append(_ scalar: Unicode.Scalar, to line: inout [UInt8]) {
    switch scalar {
    case "\n": line.append(contentsOf: "\\n".utf8)
    case "\r": line.append(contentsOf: "\\r".utf8)
    case "\t": line.append(contentsOf: "\\t".utf8)
    case _ where isVisible(scalar): line.append(contentsOf: scalar.utf8)
    default: line.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".utf8)
    }
  }

  /// A text as a terminal may have it: lines and tabs stay, and so do the joiners, without which
  /// some scripts and emoji fall apart.
  package static func lines(_ text: String) -> String {
    guard !text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) || $0 == 10 }) else { return text }
    var shown: [UInt8] = []
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n", "\t", "\u{200C}", "\u{200D}": shown.append(contentsOf: scalar.utf8)
      default: append(scalar, to: &shown)
      }
    }
    return String(decoding: shown, as: UTF8.self)
  }

  /// A text of at most so many bytes: of a longer one the beginning and "…". It is cut between two
  /// scalars, as a character may have any number of them.
  package static func shortened(_ text: String, bytes: Int) -> String {
    let utf8 = text.utf8
    guard utf8.count > bytes else { return text }
    let ellipsis = "…"
    var end = utf8.index(utf8.startIndex, offsetBy: max(0, bytes - ellipsis.utf8.count))
    while end > utf8.startIndex, utf8[end] & 0xC0 == 0x80 { utf8.formIndex(before: &end) }
    return text[..<end] + ellipsis
  }
}
