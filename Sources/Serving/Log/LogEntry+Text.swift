internal import Bytes

extension LogEntry {
  /// A text as a line for people shows it: bare if it is one plain word, else in quotes. Texts come
  /// from strangers, and a line must not look like another.
  static func appendText(_ text: String, to line: inout [UInt8]) {
    guard text.isEmpty || !isBare(text) else { return line.append(utf8: text) }
    line.append(UInt8(ascii: "\""))
    defer { line.append(UInt8(ascii: "\"")) }
    if text.utf8.allSatisfy({ isPlain($0) || $0 == UInt8(ascii: " ") }) {
      return line.append(utf8: text)
    }
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { line.append(UInt8(ascii: "\\")) }
      VisibleText.append(scalar, to: &line)
    }
  }

  private static func isBare(_ text: String) -> Bool {
    if text.utf8.allSatisfy(isPlain) { return true }
    return text.unicodeScalars.allSatisfy { scalar in
      scalar != "\"" && !scalar.properties.isWhitespace && VisibleText.isVisible(scalar)
    }
  }

  /// Whether an ASCII byte shows as itself; nearly all are, and Unicode's tables are slow.
  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x21..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }
}
