internal import Accounts

/// What apus.yaml says of one model, under `models`: keys of model.yaml, over which it goes, and
/// labels.
package struct ModelOverride: Sendable, Equatable {
  /// Checked texts by key of `ModelSettings.table`.
  private(set) var values: [String: String] = [:]
  /// What answers in the model's place; nil where the file leaves it to model.yaml.
  private(set) var fallback: [FallbackStep]?
  /// All that the model is to have; nil where the file leaves them to whoever sets them.
  private(set) var labels: [String: ModelRegistry.Label]?
  /// Where keys and labels stand: `queue_limit`, `fallback`, `labels.stable`.
  private(set) var lines: [String: Int] = [:]

  var isEmpty: Bool { values.isEmpty && fallback == nil && labels == nil }

  /// Models that can be named.
  static let modelBound = ModelDirectory.maximumModels

  /// What holds for a model whose own file says `settings`.
  func applied(to settings: ModelSettings) -> ModelSettings {
    var settings = settings
    for setting in ModelSettings.table {
      // A text that was checked is taken again.
      if let text = values[setting.key] { try? setting.set(text, in: &settings) }
    }
    if let fallback { settings.fallback = fallback }
    return settings
  }

  init(_ node: YAMLNode, name: String, file: String, _ problems: inout [ConfigurationError]) {
    let reader = SettingsReader(file: file, place: "models.\(name)")
    var scratch = ModelSettings()
    let found = reader.read(node, ModelSettings.table, others: ["fallback", "labels"], &problems)
    for (setting, entry, text) in found {
      reader.apply(setting, text, entry, to: &scratch, &problems)
      values[setting.key] = text
      lines[setting.key] = entry.line
    }
    guard case .mapping(let entries) = node.content else { return }
    // A key that is there twice has been told of.
    if let entry = entries.first(where: { $0.key == "fallback" }) {
      readFallback(entry, reader, &problems)
    }
    if let entry = entries.first(where: { $0.key == "labels" }) {
      readLabels(entry, SettingsReader(file: file, place: reader.path("labels")), &problems)
    }
  }

  private mutating func readFallback(
    _ entry: YAMLNode.Entry, _ reader: SettingsReader, _ problems: inout [ConfigurationError]
  ) {
    lines[entry.key] = entry.line
    do throws(ConfigurationError) {
      fallback = try FallbackStep.steps(entry.value) { node, reason in
        ConfigurationError(
          file: reader.file, line: node.line, "\(reader.path(entry.key)): \(reason)")
      }
    } catch {
      problems.append(error)
    }
  }

  private mutating func readLabels(
    _ entry: YAMLNode.Entry, _ reader: SettingsReader, _ problems: inout [ConfigurationError]
  ) {
    let entries = reader.entries(entry.value, &problems) ?? []
    var labels: [String: ModelRegistry.Label] = [:]
    for entry in entries {
      guard ModelRegistry.Label.isName(entry.key) else {
        let shown = SettingsReader.shown(entry.key)
        problems.append(
          reader.error(
            entry, "\(reader.path(shown)): a label has \(ModelRegistry.Label.nameRule)"))
        continue
      }
      lines["labels.\(entry.key)"] = entry.line
      labels[entry.key] = Self.label(entry, reader, &problems)
    }
    let total = labels.values.map(\.share).reduce(0, +)
    if total > ModelRegistry.Label.shareBound {
      let sum = ModelRegistry.Label.text(ofShare: total)
      problems.append(
        reader.error(entry, "\(reader.place): the shares are \(sum) together; at most 1"))
    }
    if labels.count > ModelRegistry.Label.bound {
      problems.append(
        reader.error(entry, "\(reader.place): more than \(ModelRegistry.Label.bound) labels"))
    }
    self.labels = labels
  }

  /// `stable: {version: 2, share: 0.9}`, or `stable: 2` for one that takes no share.
  private static func label(
    _ entry: YAMLNode.Entry, _ reader: SettingsReader, _ problems: inout [ConfigurationError]
  ) -> ModelRegistry.Label? {
    let inner = SettingsReader(file: reader.file, place: reader.path(entry.key))
    var label = ModelRegistry.Label()
    if case .scalar(let text) = entry.value.content {
      inner.apply(ModelRegistry.Label.table[0], text, entry, to: &label, &problems)
      return label
    }
    let found = inner.read(entry.value, ModelRegistry.Label.table, &problems)
    for (setting, entry, text) in found {
      inner.apply(setting, text, entry, to: &label, &problems)
    }
    if case .mapping = entry.value.content, !found.contains(where: { $0.setting.key == "version" })
    {
      problems.append(reader.error(entry, "\(inner.place): version is missing"))
    }
    return label
  }
}

extension ModelRegistry.Label: Settable {
  package init() { self.init(version: 0, share: 0) }

  static let table = [
    Setting<Self>("version", "where it points", .count(\.version, 1...Int.max)),
    Setting<Self>(
      "share", "its part of the calls that name no version",
      .parsed("SHARE", \.share, expected: "a number from 0 to 1", text: { "\($0)" }) { text in
        Double(text).flatMap { (0...1).contains($0) ? $0 : nil }
      }),
  ]

  static let nameRule = "1 to 64 of a-z, 0-9, _ and -, neither a number nor latest"

  static func isName(_ text: String) -> Bool {
    let allowed = text.utf8.allSatisfy { byte in
      switch byte {
      case 0x61...0x7a, 0x30...0x39, 0x5f, 0x2d: true
      default: false
      }
    }
    return allowed && (1...64).contains(text.utf8.count) && Int(text) == nil && text != "latest"
  }
}
