internal import Bytes

/// Reads one mapping of a YAML file by a table of settings, and notes all that is wrong with it.
struct SettingsReader {
  let file: String
  /// Of this mapping in the file, such as `grpc`; empty for the top.
  let place: String

  /// A key with its setting and the text of its value.
  typealias Found<Root: Settable> = (
    setting: Setting<Root>, entry: YAMLNode.Entry, text: String
  )

  /// The entries of a mapping, each key once.
  ///
  /// - Returns: nil, with a problem, for anything but a mapping.
  func entries(_ node: YAMLNode, _ problems: inout [ConfigurationError]) -> [YAMLNode.Entry]? {
    if node.isEmpty { return [] }
    guard case .mapping(let entries) = node.content else {
      problems.append(
        ConfigurationError(
          file: file, line: node.line,
          (place.isEmpty ? "" : "\(place): ") + "expected `key: value` lines, got \(node.kind)"))
      return nil
    }
    var lines: [String: Int] = [:]
    var once: [YAMLNode.Entry] = []
    for entry in entries {
      if let line = lines[entry.key] {
        problems.append(
          error(entry, "\(path(entry.key)) is given twice; it is on line \(line) already"))
      } else {
        lines[entry.key] = entry.line
        once.append(entry)
      }
    }
    return once
  }

  /// What a mapping says of settings; values are not looked at yet.
  ///
  /// - Parameters:
  ///   - others: keys that are no settings and that the caller reads itself.
  ///   - elsewhere: where a key belongs that does not belong here.
  func read<Root>(
    _ node: YAMLNode, _ table: [Setting<Root>], others: [String] = [],
    elsewhere: (String) -> String? = { _ in nil }, _ problems: inout [ConfigurationError]
  ) -> [Found<Root>] {
    var found: [Found<Root>] = []
    for entry in entries(node, &problems) ?? [] where !others.contains(entry.key) {
      guard let setting = table.first(where: { $0.key == entry.key }) else {
        problems.append(unknown(entry, table.map(\.key) + others, elsewhere))
        continue
      }
      if let text = text(entry, setting, &problems) { found.append((setting, entry, text)) }
    }
    return found
  }

  /// Sets a value, or notes why it is none.
  func apply<Root>(
    _ setting: Setting<Root>, _ text: String, _ entry: YAMLNode.Entry, to root: inout Root,
    _ problems: inout [ConfigurationError]
  ) {
    do throws(SettingProblem) { try setting.set(text, in: &root) } catch {
      let reason =
        switch error {
        case .unexpected where text.isEmpty: "expected \(setting.value.expected)"
        case .unexpected:
          setting.isSecret
            ? "expected \(setting.value.expected)"
            : "`\(Self.shown(text))`: expected \(setting.value.expected)"
        case .reason(let reason): reason
        }
      problems.append(self.error(entry, "\(path(entry.key)): \(reason)"))
    }
  }

  private func text<Root>(
    _ entry: YAMLNode.Entry, _ setting: Setting<Root>, _ problems: inout [ConfigurationError]
  ) -> String? {
    switch entry.value.content {
    case .scalar(let text):
      guard text.utf8.contains(0) else { return text }
      problems.append(error(entry, "\(path(entry.key)): there is a NUL in it"))
      return nil
    case .sequence(let items) where setting.value.isList:
      let texts = items.compactMap { item in
        if case .scalar(let text) = item.content,
          !text.utf8.contains(where: { $0 == 0x2c || $0 == 0 })
        {
          text
        } else {
          nil
        }
      }
      if texts.count == items.count { return texts.joined(separator: ",") }
    default: break
    }
    let wanted = setting.value.isList ? "a list" : "one value"
    problems.append(
      error(
        entry,
        "\(path(entry.key)): expected \(wanted) (\(setting.value.expected)), got "
          + entry.value.kind))
    return nil
  }

  func unknown(
    _ entry: YAMLNode.Entry, _ known: [String], _ elsewhere: (String) -> String? = { _ in nil }
  ) -> ConfigurationError {
    let shown = Self.shown(entry.key)
    let advice =
      if let meant = Suggestion.nearest(to: entry.key, among: known) {
        "did you mean \(meant)?"
      } else if let other = elsewhere(entry.key) {
        "did you mean \(other)?"
      } else {
        "keys are \(known.joined(separator: ", "))"
      }
    return error(entry, "\(path(shown)) is no key\(place.isEmpty ? "" : " here"); \(advice)")
  }

  func error(_ entry: YAMLNode.Entry, _ reason: String) -> ConfigurationError {
    ConfigurationError(file: file, line: entry.line, reason)
  }

  func path(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

  /// A text of a file in an error, cut.
  static func shown(_ text: String) -> String { VisibleText.shortened(text, bytes: 64) }
}
