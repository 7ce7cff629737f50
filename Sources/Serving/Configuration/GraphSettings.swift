internal import Bytes
package import Inference

/// What model.yaml says of a graph: in `<models>/<name>/model.yaml` of all its versions, and over
/// that in `<models>/<name>/<version>/model.yaml` of one.
package struct GraphSettings: Settable, Equatable {
  /// Where the names of classes stand.
  package enum Labels: Sendable, Equatable {
    case list([String])
    /// A file beside the model, or beside the model.yaml that names it.
    case file(String)
  }
  /// What a call gets for its features, picture or text.
  package enum Task: String, Sendable, CaseIterable {
    case classification, regression, embedding, values, tensors
  }

  package var labels: Labels?
  /// What is made of pictures, as JSON: keys and values are those of preprocessor_config.json.
  package var image: String?
  package var quantize: FusionOptions.Quantization?
  package var task: Task?

  package init() {}

  static let table: [Setting<GraphSettings>] = [
    Setting(
      "quantize", "what becomes of f32 weights on load",
      .parsed(
        "none|dynamic", \.quantize, expected: "none or dynamic", text: { $0?.rawValue }
      ) { text in FusionOptions.Quantization(rawValue: text).map { .some($0) } }),
    Setting(
      "task", "what a call is answered with",
      .parsed(
        "TASK", \.task, expected: "classification, regression, embedding, values or tensors",
        text: { $0?.rawValue }
      ) { text in Task(rawValue: text).map { .some($0) } }),
  ]

  /// Those that are read here.
  static let keys = table.map(\.key) + ["labels", "image"]

  /// Most classes, and bytes of a name.
  static let labelBound = 65_536
  static let labelBytes = 1024

  /// What holds where `other` says nothing else.
  func overridden(by other: GraphSettings) -> GraphSettings {
    var settings = self
    settings.labels = other.labels ?? labels
    settings.image = other.image ?? image
    settings.quantize = other.quantize ?? quantize
    settings.task = other.task ?? task
    return settings
  }
}

// MARK: - Reading

extension GraphSettings {
  /// Of the model.yaml in a version's folder, which may hold nothing else; empty without one.
  init(folder: String) throws(ConfigurationProblems) {
    self.init()
    let file = "\(folder)/model.yaml"
    guard SmallFile.exists(file) else { return }
    var problems: [ConfigurationError] = []
    do {
      let bytes = try SmallFile.bytes(file, limit: YAMLReader.maximumBytes)
      if let root = try YAMLReader.read(bytes, file: file), !root.isEmpty {
        let reader = SettingsReader(file: file, place: "")
        for entry in reader.entries(root, &problems) ?? [] where !Self.keys.contains(entry.key) {
          problems.append(
            reader.unknown(entry, Self.keys) { key in
              ModelSettings.table.contains { $0.key == key }
                ? "\(key) in the model.yaml beside the version's folder" : nil
            })
        }
        read(root, reader, &problems)
      }
    } catch let error as ConfigurationError {
      problems.append(error)
    } catch let error as FileError {
      problems.append(ConfigurationError(file: file, error.explanation))
    } catch {
      problems.append(ConfigurationError(file: file, "\(error)"))
    }
    problems.sort { $0.line < $1.line }
    if !problems.isEmpty { throw ConfigurationProblems(problems) }
  }

  /// Reads its own keys of a mapping; whoever calls has told of keys that are there twice.
  mutating func read(
    _ root: YAMLNode, _ reader: SettingsReader, _ problems: inout [ConfigurationError]
  ) {
    guard case .mapping(let entries) = root.content else { return }
    for key in Self.keys {
      guard let entry = entries.first(where: { $0.key == key }) else { continue }
      do throws(ConfigurationError) {
        switch key {
        case "labels": labels = try Self.labels(entry, reader)
        case "image": image = try Self.image(entry, reader)
        default: try set(entry, reader)
        }
      } catch {
        problems.append(error)
      }
    }
  }

  private mutating func set(
    _ entry: YAMLNode.Entry, _ reader: SettingsReader
  ) throws(ConfigurationError) {
    guard let setting = Self.table.first(where: { $0.key == entry.key }) else { return }
    let expected = "expected \(setting.value.expected)"
    guard case .scalar(let text) = entry.value.content else {
      throw reader.error(entry, "\(reader.path(entry.key)): \(expected), got \(entry.value.kind)")
    }
    do throws(SettingProblem) { try setting.set(text, in: &self) } catch {
      throw reader.error(
        entry, "\(reader.path(entry.key)): `\(SettingsReader.shown(text))`: \(expected)")
    }
  }

  /// As JSON that can be read: here its line is known.
  private static func image(
    _ entry: YAMLNode.Entry, _ reader: SettingsReader
  ) throws(ConfigurationError) -> String {
    let text = try GraphYAML.object(entry, reader)
    do throws(ConfigurationError) { _ = try GraphFiles.image(text) } catch {
      throw reader.error(entry, error.description)
    }
    return text
  }

  private static func labels(
    _ entry: YAMLNode.Entry, _ reader: SettingsReader
  ) throws(ConfigurationError) -> Labels {
    let expected = "\(reader.path(entry.key)): expected a list of names, or the name of a file"
    switch entry.value.content {
    case .scalar(let name) where !name.isEmpty && !name.contains("/") && !name.hasPrefix("."):
      return .file(name)
    case .sequence(let items) where !items.isEmpty:
      guard items.count <= labelBound else {
        throw reader.error(entry, "\(reader.path(entry.key)): more than \(labelBound) names")
      }
      var names: [String] = []
      for item in items {
        guard case .scalar(let name) = item.content, 1...labelBytes ~= name.utf8.count else {
          throw ConfigurationError(
            file: reader.file, line: item.line, "\(expected); a name has 1 to \(labelBytes) bytes")
        }
        names.append(name)
      }
      return .list(names)
    default: throw reader.error(entry, expected)
    }
  }
}
