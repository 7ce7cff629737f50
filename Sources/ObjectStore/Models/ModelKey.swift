internal import Bytes

/// What the key of an object says, below the prefix: `<model>/<version>/<path>`, or
/// `<model>/model.yaml`. A key names a file on this machine, so that none may lead elsewhere.
enum ModelKey: Equatable {
  case file(model: String, version: Int, path: String)
  case settings(model: String)
  /// What stands for a folder in tools that show one.
  case folder

  /// Bytes of a path below the version's folder.
  static let pathLimit = 512
  static let depthLimit = 8
  static let nameLimit = 255

  /// - Parameter key: without the prefix.
  /// - Throws: `.unusable`, with what is allowed.
  init(_ key: String) throws(ObjectStoreError) {
    func refused(_ reason: String) -> ObjectStoreError {
      let shown = VisibleText.shortened(key, bytes: 200)
      return ObjectStoreError(.unusable, "the object '\(shown)' is left out: \(reason)")
    }
    // By scalars: a slash and a combining mark after it are one character, and still a slash.
    var parts = key.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
      .map { String($0) }
    let isFolder = parts.last?.isEmpty == true && parts.count > 1
    if isFolder { parts.removeLast() }
    for part in parts {
      guard !part.isEmpty, part != ".", part != "..", part.utf8.count <= Self.nameLimit,
        part.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f && $0 != "\\" })
      else {
        throw refused("'\(VisibleText.shortened(part, bytes: 40))' is no name of a file")
      }
    }
    if isFolder {
      self = .folder
      return
    }
    let model = parts[0]
    guard ModelName.isValid(model) else { throw refused(ModelName.rule) }
    if parts.count == 2, parts[1] == "model.yaml" {
      self = .settings(model: model)
      return
    }
    guard parts.count > 2, let version = Int(parts[1]), version >= 1, "\(version)" == parts[1]
    else { throw refused("it is not at <model>/<version>/<file>, the version a number from 1") }
    let path = parts.dropFirst(2).joined(separator: "/")
    guard path.utf8.count <= Self.pathLimit, parts.count - 2 <= Self.depthLimit else {
      throw refused(
        "its path has over \(Self.pathLimit) bytes or \(Self.depthLimit) parts")
    }
    self = .file(model: model, version: version, path: path)
  }
}
