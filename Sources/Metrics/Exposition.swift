/// Text in the Prometheus format, written line by line.
package struct Exposition {
  private(set) var content = ""

  mutating func header(_ name: String, _ help: String, _ kind: MetricKind) {
    content += "# HELP \(name) \(escape(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
  }

  mutating func sample(_ name: String, _ labels: LabelSet, _ value: String) {
    content += opening(name, labels)
    content += " "
    content += value
    content += "\n"
  }

  /// A line of a histogram's buckets.
  ///
  /// - Parameters:
  ///   - line: its `opening`, which all of a series share.
  ///   - bound: the value of its `le` label.
  mutating func bucket(_ line: String, _ bound: String, _ count: UInt64) {
    content += line
    content += bound
    content += "\"} "
    content += String(count)
    content += "\n"
  }

  /// What a line begins with: the name, and the labels in braces.
  ///
  /// - Parameter bound: whether the `le` label comes last: then the text ends where its value
  ///   belongs.
  func opening(_ name: String, _ labels: LabelSet, bound: Bool = false) -> String {
    let pairs = zip(labels.names, labels.values).map { name, value in
      "\(name)=\"\(escape(value, quotes: true))\""
    }
    if bound { return "\(name){\((pairs + ["le=\""]).joined(separator: ","))" }
    return pairs.isEmpty ? name : "\(name){\(pairs.joined(separator: ","))}"
  }

  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }

  private func escape(_ text: String, quotes: Bool) -> String {
    // Hardly any has one.
    let isPlain = text.utf8.allSatisfy { byte in
      byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\"")
    }
    if isPlain { return text }
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
