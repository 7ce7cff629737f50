/// Text in the Prometheus format, written line by line.
package struct Exposition {
  private(set) var content = ""

  mutating func header(_ name: String, _ help: String, _ kind: MetricKind) {
    content += "# HELP \(name) \(escape(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
  }

  /// - Parameter bound: the `le` label of a histogram's bucket.
  mutating func sample(
    _ name: String, _ labels: LabelSet, _ value: String, bound: String? = nil
  ) {
    content += name
    var pairs = zip(labels.names, labels.values).map { name, value in
      "\(name)=\"\(escape(value, quotes: true))\""
    }
    if let bound { pairs.append("le=\"\(bound)\"") }
    if !pairs.isEmpty { content += "{\(pairs.joined(separator: ","))}" }
    content += " \(value)\n"
  }

  func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }

  private func escape(_ text: String, quotes: Bool) -> String {
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
