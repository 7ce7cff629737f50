internal import Time

/// Reads `deprecated`, a list of entries, and notes all that is wrong with it.
struct DeprecationReader {
  private(set) var entries: [DeprecationEntry] = []
  private let file: String
  /// Lines by what an entry is about.
  private var lines: [String: Int] = [:]

  static let key = "deprecated"

  init(_ node: YAMLNode, file: String, _ problems: inout [ConfigurationError]) {
    self.file = file
    if node.isEmpty { return }
    guard case .sequence(let items) = node.content else {
      problems.append(
        ConfigurationError(
          file: file, line: node.line,
          "\(Self.key): expected a list (`- rpc: …`), got \(node.kind)"))
      return
    }
    if items.count > DeprecationEntry.bound {
      problems.append(
        ConfigurationError(
          file: file, line: node.line,
          "\(Self.key): \(items.count) entries; at most \(DeprecationEntry.bound)"))
    }
    for (index, item) in items.prefix(DeprecationEntry.bound).enumerated() {
      read(item, SettingsReader(file: file, place: "\(Self.key)[\(index)]"), &problems)
    }
  }

  private mutating func read(
    _ item: YAMLNode, _ reader: SettingsReader, _ problems: inout [ConfigurationError]
  ) {
    let before = problems.count
    var entry = DeprecationEntry()
    entry.line = item.line
    var places: [String: Int] = [:]
    for (setting, found, text) in reader.read(item, DeprecationEntry.table, &problems) {
      reader.apply(setting, text, found, to: &entry, &problems)
      places[setting.key] = found.line
    }
    // Nothing is said of what follows from another error.
    guard problems.count == before else { return }
    if let (key, reason) = flaw(of: entry) {
      problems.append(
        ConfigurationError(
          file: file, line: places[key] ?? item.line, "\(reader.path(key)): \(reason)"))
      return
    }
    lines["\(entry.what) \(entry.name)"] = item.line
    entries.append(entry)
  }

  /// What is wrong with an entry whose values are fine by themselves, and the key to blame.
  private func flaw(of entry: DeprecationEntry) -> (key: String, reason: String)? {
    let named = [entry.rpc, entry.route, entry.model].compactMap { $0 }.count
    if named == 0 { return ("rpc", "say what is deprecated: rpc, route or model") }
    if named > 1 { return (entry.model == nil ? "route" : "model", Self.tooManyNames) }
    if entry.version != nil, entry.model == nil {
      return ("version", "a version is a model's; give model too")
    }
    if let line = lines["\(entry.what) \(entry.name)"] {
      return (entry.what, "\(entry.name) is on line \(line) already")
    }
    guard let since = entry.since else {
      return ("since", "is missing; give the date from which it is deprecated")
    }
    if let sunset = entry.sunset, sunset < since {
      return ("sunset", "it ends before it is deprecated (since \(since.text(.seconds)))")
    }
    if entry.isRefused, entry.sunset == nil {
      return ("refuse_after_sunset", "there is no sunset after which to refuse; give one")
    }
    return nil
  }

  private static let tooManyNames =
    "an entry is about one thing; write rpc, route and model in entries of their own"
}
