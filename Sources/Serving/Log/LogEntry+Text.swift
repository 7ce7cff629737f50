extension LogEntry {
  /// A text as a line for people shows it: bare if it is one plain word, else in quotes. What could
  /// end the line, move the cursor or turn the reading direction stands as `\u{…}`: texts come from
  /// strangers, and a line must not look like another.
  static func appendText(_ text: String, to line: inout [UInt8]) {
    let isBare = text.unicodeScalars.allSatisfy { scalar in
      scalar != "\"" && !scalar.properties.isWhitespace && isPlain(scalar)
    }
    guard !isBare || text.isEmpty else { return line.append(contentsOf: text.utf8) }
    line.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\":
        line.append(UInt8(ascii: "\\"))
        line.append(UInt8(truncatingIfNeeded: scalar.value))
      case "\n": line.append(contentsOf: "\\n".utf8)
      case "\r": line.append(contentsOf: "\\r".utf8)
      case "\t": line.append(contentsOf: "\\t".utf8)
      case _ where isPlain(scalar): line.append(contentsOf: scalar.utf8)
      default: line.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".utf8)
      }
    }
    line.append(UInt8(ascii: "\""))
  }

  /// Whether it shows as itself: no control (C0, DEL, C1), nothing that turns the direction or is
  /// invisible, no line or paragraph separator.
  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
    return switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      false
    default: true
    }
  }
}
