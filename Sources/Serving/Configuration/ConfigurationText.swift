internal import Accounts
internal import Bytes

/// What is in force, as an apus.yaml that says the same, with the origin of each value.
package struct ConfigurationText {
  /// Where comments begin.
  private static let column = 36

  private var lines: [String] = []

  /// - Returns: lines, the last one ended too.
  package static func of(
    _ loaded: LoadedConfiguration, _ table: [ServerSettings.Entry] = ServerSettings.all
  ) -> String {
    var text = ConfigurationText()
    for section in Section.allCases {
      text.add("\(section.rawValue):", "\(section.summary)")
      for setting in table where setting.section == section {
        text.add(setting, loaded)
      }
    }
    text.addModels(loaded)
    text.addDeprecations(loaded)
    return text.lines.joined(separator: "\n") + "\n"
  }

  private mutating func add(_ line: String, _ comment: String) {
    // A path may hold anything, and a comment ends with its line.
    var shown: [UInt8] = []
    for scalar in comment.unicodeScalars { VisibleText.append(scalar, to: &shown) }
    let pad = String(repeating: " ", count: max(0, Self.column - line.count))
    lines.append("\(line)\(pad)  # \(String(decoding: shown, as: UTF8.self))")
  }

  private mutating func add(_ setting: ServerSettings.Entry, _ loaded: LoadedConfiguration) {
    let origin = loaded.origin(of: setting.name).text
    if setting.isSecret {
      return add("  # \(setting.key):", "a secret; \(origin)")
    }
    guard let text = setting.value.read(loaded.server) else {
      return add("  # \(setting.key): \(setting.value.unset ?? "")", origin)
    }
    if setting.value.isList {
      let items = text.split(separator: ",").map { YAMLText.scalar(String($0)) }
      add("  \(setting.key): [\(items.joined(separator: ", "))]", origin)
    } else {
      add("  \(setting.key): \(YAMLText.scalar(text))", origin)
    }
  }

  private mutating func addModels(_ loaded: LoadedConfiguration) {
    let file = loaded.file ?? ""
    if loaded.server.overrides.isEmpty { return }
    add("models:", "over their model.yaml")
    for (name, model) in loaded.server.overrides.sorted(by: { $0.key < $1.key }) {
      lines.append("  \(YAMLText.scalar(name)):" + (model.isEmpty ? " {}" : ""))
      for setting in ModelSettings.table {
        guard let text = model.values[setting.key] else { continue }
        add(
          "    \(setting.key): \(YAMLText.scalar(text))",
          "\(file):\(model.lines[setting.key] ?? 0)")
      }
      if let fallback = model.fallback {
        add(
          "    fallback: \(FallbackStep.text(fallback))", "\(file):\(model.lines["fallback"] ?? 0)")
      }
      guard let labels = model.labels else { continue }
      lines.append("    labels:" + (labels.isEmpty ? " {}" : ""))
      for (label, value) in labels.sorted(by: { $0.key < $1.key }) {
        add(
          "      \(YAMLText.scalar(label)): {version: \(value.version), share: \(value.share)}",
          "\(file):\(model.lines["labels.\(label)"] ?? 0)")
      }
    }
  }

  private mutating func addDeprecations(_ loaded: LoadedConfiguration) {
    if loaded.server.deprecations.isEmpty { return }
    add("\(DeprecationReader.key):", "what is to go")
    for entry in loaded.server.deprecations {
      var start = "  - "
      for setting in DeprecationEntry.table {
        guard let text = setting.value.read(entry) else { continue }
        add(
          "\(start)\(setting.key): \(YAMLText.scalar(text))",
          "\(loaded.file ?? ""):\(entry.line)")
        start = "    "
      }
    }
  }
}

/// Writes texts so that `YAMLReader` reads them again.
enum YAMLText {
  /// Plain where that is plain to everybody, else in double quotes.
  static func scalar(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
      // . _ / + and, within, - :
      case 0x2e, 0x5f, 0x2f, 0x2b, 0x2d, 0x3a: true
      default: false
      }
    }
    let edges: [UInt8] = [0x2d, 0x3a]
    guard isPlain, let first = text.utf8.first, let last = text.utf8.last, !edges.contains(first),
      !edges.contains(last)
    else { return quoted(text) }
    return text
  }

  private static func quoted(_ text: String) -> String {
    var line = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": line += "\\\""
      case "\\": line += "\\\\"
      case "\n": line += "\\n"
      case "\t": line += "\\t"
      case _ where VisibleText.isVisible(scalar): line.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16)
        line += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
      }
    }
    return line + "\""
  }
}
