internal import Bytes

extension LogEntry {
  /// A text as a line for people shows it: bare if it is one plain word, else in quotes. Texts come
  /// from strangers, and a line must not look like another.
  static func appendText(_ text: String, to line: inout [UInt8]) {
    let isBare = text.unicodeScalars.allSatisfy { scalar in
      scalar != "\"" && !scalar.properties.isWhitespace && VisibleText.isVisible(scalar)
    }
    guard !isBare || text.isEmpty else { return line.append(contentsOf: text.utf8) }
    line.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { line.append(UInt8(ascii: "\\")) }
      VisibleText.append(scalar, to: &line)
    }
    line.append(UInt8(ascii: "\""))
  }
}
