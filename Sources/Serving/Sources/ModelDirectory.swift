internal import Bytes
internal import Glibc

/// What a source of models holds: `<models>/<name>/<version>/…` and `<name>/model.yaml`.
///
/// In a folder one whose name starts with a dot is none of ours: mounted volumes have some.
package struct ModelDirectory: Sendable {
  package struct Entry: Sendable {
    package let name: String
    /// Rising version numbers with their folders.
    package internal(set) var versions: [Version] = []
    package internal(set) var settings = ModelSettings()
    /// Why none of the versions can be tried: a sentence with its path.
    package internal(set) var problem: String?
  }
  package struct Version: Sendable {
    package let number: Int
    /// Its folder on this machine, which is not there yet while it is elsewhere.
    package let path: String
    package var presence = Presence.here
    /// What its files look like; nil where nobody asked.
    var stamp: VersionStamp?
    /// Whether nobody writes them any more, as far as can be told.
    var isSettled = true

    package init(number: Int, path: String, presence: Presence = .here) {
      self.number = number
      self.path = path
      self.presence = presence
    }

    /// Where model.yaml is.
    var modelFolder: String { Folder.parent(of: path) }
  }

  /// Whether the files of a version are on this machine.
  package enum Presence: Sendable, Equatable {
    case here
    case elsewhere
    /// Being fetched; with what holds it up, if anything does.
    case coming(String?)
    /// Could not be fetched, with the reason.
    case broken(String)
  }

  /// Sorted by name.
  package private(set) var entries: [Entry] = []
  /// Folders that are left out because their names say nothing to a caller, each a sentence with
  /// its path.
  package private(set) var problems: [String] = []

  static let maximumModels = 1000
  static let maximumVersions = 1000

  /// - Throws: `ConfigurationError` when the folder itself cannot be read or holds too much.
  package init(scanning root: String) throws(ConfigurationError) {
    let names = try ModelDirectory.list(root)
    for name in names {
      let path = "\(root)/\(name)"
      guard Folder.exists(path) else { continue }
      guard ModelName.isValid(name) else {
        problems.append("\(path): \(ModelName.rule); rename the folder")
        continue
      }
      guard entries.count < ModelDirectory.maximumModels else {
        throw ConfigurationError(
          file: root, "there are more than \(ModelDirectory.maximumModels) models; move some away")
      }
      entries.append(entry(name, path))
    }
  }

  init(entries: [Entry], problems: [String]) {
    self.entries = entries
    self.problems = problems
  }

  /// Notes what files look like, by path of a version, and whether they still change.
  mutating func setStamps(_ stamps: [String: VersionStamp], isSettled: (String) -> Bool) {
    for entry in entries.indices {
      for index in entries[entry].versions.indices {
        let path = entries[entry].versions[index].path
        guard let stamp = stamps[path] else { continue }
        entries[entry].versions[index].stamp = stamp
        entries[entry].versions[index].isSettled = isSettled(path)
      }
    }
  }

  private mutating func entry(_ name: String, _ path: String) -> Entry {
    var entry = Entry(name: name)
    do {
      entry.versions = try versions(path)
      entry.settings = try ModelDirectory.settings(path)
    } catch let problems as ConfigurationProblems {
      entry.problem = problems.line
    } catch {
      entry.problem = "\(error)"
    }
    return entry
  }

  private mutating func versions(_ path: String) throws(ConfigurationError) -> [Version] {
    var versions: [Version] = []
    for child in try ModelDirectory.list(path) {
      let folder = "\(path)/\(child)"
      guard Folder.exists(folder) else { continue }
      guard let number = Int(child), number >= 1, String(number) == child else {
        problems.append("\(folder): a version is a whole number from 1; rename the folder")
        continue
      }
      versions.append(Version(number: number, path: folder))
    }
    if versions.isEmpty {
      throw ConfigurationError(
        file: path, "there is no version folder; put the model's files into \(path)/1")
    }
    guard versions.count <= ModelDirectory.maximumVersions else {
      throw ConfigurationError(
        file: path, "there are more than \(ModelDirectory.maximumVersions) versions; move some away"
      )
    }
    return versions.sorted { $0.number < $1.number }
  }

  /// What the model.yaml in a model's folder says.
  static func settings(_ path: String) throws(ConfigurationProblems) -> ModelSettings {
    let file = "\(path)/model.yaml"
    guard SmallFile.exists(file) else { return ModelSettings() }
    let bytes: [UInt8]
    do throws(FileError) { bytes = try SmallFile.bytes(file, limit: YAMLReader.maximumBytes) } catch
    {
      throw ConfigurationProblems([ConfigurationError(file: file, error.explanation)])
    }
    return try ModelSettings(yaml: bytes, file: file)
  }

  private static func list(_ path: String) throws(ConfigurationError) -> [String] {
    guard let names = Folder.names(path, limit: 100_000) else {
      throw ConfigurationError(
        file: path, "cannot read this folder: \(SystemWords.of(errno))")
    }
    return names
  }
}
