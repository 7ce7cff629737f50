internal import Bytes

/// Where the model goes that is made: to a file, or into a folder that can be served.
struct OutputPlace {
  /// What lies beside the model and comes along.
  struct Companion {
    /// In the folder, such as `1_Pooling/config.json`.
    let name: String
    let source: String
  }

  static let modelName = "model.onnx"

  /// The model's own.
  let file: String
  /// nil where nothing is to come along.
  private let folder: String?
  var companions: [Companion] = []

  /// Bytes of one that comes along: tokenizers have tens of mebibytes.
  private static let limit = 1 << 30

  init(file: String) {
    self.file = file
    folder = nil
  }

  init(folder: String) {
    let path = folder.lastIndex { $0 != "/" }.map { String(folder[...$0]) } ?? folder
    self.folder = path
    file = "\(path)/\(Self.modelName)"
  }

  var isFolder: Bool { folder != nil }

  /// Writes the model, after all that comes along. A folder that was not there is seen when it is
  /// whole: servers pass over its name until then. What has been made is removed where the rest
  /// fails.
  ///
  /// - Returns: names of what came along; what was there before stays as it is.
  func write(_ model: [UInt8]) throws(FileError) -> [String] {
    guard let folder else {
      try WholeFile.write(model, to: file)
      return []
    }
    var additions = Additions()
    do throws(FileError) {
      if Folder.exists(folder) { return try fill(folder, model, keeps: true, &additions) }
      let name = folder.split(separator: "/").last ?? ""
      let partial = "\(Folder.parent(of: folder))/.\(name).part"
      try additions.make(folder: partial)
      // What is in it already is left from one that was killed.
      let copied = try fill(partial, model, keeps: false, &additions)
      try Folder.move(partial, to: folder)
      return copied
    } catch {
      additions.remove()
      throw error
    }
  }

  private func fill(
    _ folder: String, _ model: [UInt8], keeps: Bool, _ additions: inout Additions
  ) throws(FileError) -> [String] {
    var copied: [String] = []
    for companion in companions {
      let path = "\(folder)/\(companion.name)"
      if keeps, SmallFile.exists(path) { continue }
      try additions.make(folder: Folder.parent(of: path))
      try additions.write(SmallFile.bytes(companion.source, limit: Self.limit), to: path)
      copied.append(companion.name)
    }
    try additions.write(model, to: "\(folder)/\(Self.modelName)")
    return copied
  }
}

/// What was not there before.
private struct Additions {
  private var paths: [String] = []

  mutating func make(folder: String) throws(FileError) {
    if try Folder.make(folder) { paths.append(folder) }
  }

  mutating func write(_ bytes: [UInt8], to file: String) throws(FileError) {
    let isNew = !SmallFile.exists(file)
    try WholeFile.write(bytes, to: file)
    if isNew { paths.append(file) }
  }

  /// The last first, so that folders are empty by then; those to which others have added stay.
  func remove() { for path in paths.reversed() { Folder.remove(path) } }
}
