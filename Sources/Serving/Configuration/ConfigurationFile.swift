internal import Bytes

/// What an apus.yaml says, all of it checked.
struct ConfigurationFile {
  /// Lines by names of settings.
  private(set) var lines: [String: Int] = [:]
  private(set) var overrides: [String: ModelOverride] = [:]
  private(set) var deprecations: [DeprecationEntry] = []
  private(set) var problems: [ConfigurationError] = []

  /// Reads a file into `configuration`.
  init(_ path: String, into configuration: inout ServerConfiguration) {
    do throws(FileError) {
      read(try SmallFile.bytes(path, limit: YAMLReader.maximumBytes), path, &configuration)
    } catch {
      problems = [ConfigurationError(file: path, error.explanation)]
    }
  }

  init(yaml bytes: [UInt8], _ path: String, into configuration: inout ServerConfiguration) {
    read(bytes, path, &configuration)
  }

  private mutating func read(
    _ bytes: [UInt8], _ path: String, _ configuration: inout ServerConfiguration
  ) {
    do throws(ConfigurationError) {
      guard let root = try YAMLReader.read(bytes, file: path) else { return }
      read(root, SettingsReader(file: path, place: ""), &configuration)
    } catch {
      problems = [error]
    }
    problems.sort { $0.line < $1.line }
  }

  private mutating func read(
    _ root: YAMLNode, _ reader: SettingsReader, _ configuration: inout ServerConfiguration
  ) {
    for entry in reader.entries(root, &problems) ?? [] {
      if entry.key == "models" {
        readModels(entry.value, SettingsReader(file: reader.file, place: "models"))
      } else if entry.key == DeprecationReader.key {
        deprecations = DeprecationReader(entry.value, file: reader.file, &problems).entries
      } else if let section = Section(rawValue: entry.key) {
        read(section, entry.value, reader.file, &configuration)
      } else {
        let known = ["models"] + Section.allCases.map(\.rawValue) + [DeprecationReader.key]
        problems.append(reader.unknown(entry, known, Self.place))
      }
    }
  }

  private mutating func read(
    _ section: Section, _ node: YAMLNode, _ file: String,
    _ configuration: inout ServerConfiguration
  ) {
    let reader = SettingsReader(file: file, place: section.rawValue)
    let table = ServerSettings.all.filter { $0.section == section }
    for (setting, entry, text) in reader.read(node, table, elsewhere: Self.place, &problems) {
      reader.apply(setting, text, entry, to: &configuration, &problems)
      lines[setting.name] = entry.line
    }
  }

  /// Where a key belongs that stands in the wrong section, or is written as a flag.
  private static func place(ofKey key: String) -> String? {
    let flag = String(key.map { $0 == "_" ? "-" : $0 })
    let named = ServerSettings.byName[flag] ?? ServerSettings.all.first { $0.key == key }
    return named?.path
  }

  private mutating func readModels(_ node: YAMLNode, _ reader: SettingsReader) {
    for entry in reader.entries(node, &problems) ?? [] {
      guard ModelName.isValid(entry.key) else {
        let path = reader.path(SettingsReader.shown(entry.key))
        let advice = Self.place(ofKey: entry.key).map { "; did you mean \($0)?" } ?? ""
        problems.append(reader.error(entry, "\(path): \(ModelName.rule)\(advice)"))
        continue
      }
      overrides[entry.key] = ModelOverride(
        entry.value, name: entry.key, file: reader.file, &problems)
    }
    if overrides.count > ModelOverride.modelBound {
      problems.append(
        ConfigurationError(
          file: reader.file, line: node.line,
          "models: more than \(ModelOverride.modelBound) models"))
    }
  }
}
