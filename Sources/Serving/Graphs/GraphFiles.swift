internal import Bytes
internal import Images
internal import JSON
internal import Models

/// What stands beside a model.onnx and says what its numbers mean.
package struct GraphFiles {
  /// Names of classes, in the order of the model's scores; nil where nothing names them.
  private(set) var labels: [String]?
  /// How pictures are prepared; nil where nothing says it.
  private(set) var pictures: PicturePreparation.Statement?
  /// Whether an input may have several classes at once.
  private(set) var hasManyLabels = false
  /// Places for tokens that the model has; nil where nothing says it.
  private(set) var maximumTokens: Int?

  private static let limits = JSONDocument.Limits(bytes: 4 << 20, depth: 32, values: 1 << 18)

  /// - Parameters:
  ///   - version: the folder of the version.
  ///   - model: the folder around it, where model.yaml may be.
  init(version: String, model: String, _ settings: GraphSettings) throws {
    let config = try Self.json("\(version)/config.json")
    hasManyLabels = config?["problem_type"]?.string == "multi_label_classification"
    maximumTokens = config?["max_position_embeddings"]?.integer.flatMap {
      3...65_536 ~= $0 ? $0 : nil
    }
    labels =
      switch settings.labels {
      case .list(let names)?: names
      case .file(let name)?:
        try Self.names("\(version)/\(name)")
          ?? Self.lines(Self.file("\(model)/\(name)"), "\(model)/\(name)")
      case nil:
        try Self.names("\(version)/labels.txt")
          ?? config?["id2label"].flatMap { try Self.labels($0, "\(version)/config.json") }
      }
    pictures = try Self.pictures(version: version, settings)
  }

  /// What is said of pictures, by whoever goes before the others.
  static func pictures(
    version: String, _ settings: GraphSettings
  ) throws -> PicturePreparation.Statement? {
    if let text = settings.image { return .settings(try image(text)) }
    if let root = try json("\(version)/preprocessor_config.json") {
      return .processor(try image(root, "\(version)/preprocessor_config.json"))
    }
    let file = "\(version)/config.json"
    guard let timm = try json(file)?["pretrained_cfg"], !timm.isNull else { return nil }
    return .timm(timm, file: file)
  }

  /// The names of what says so in a version's folder, as far as it is there.
  package static func companions(_ version: String) throws -> [String] {
    var names = [
      "config.json", "labels.txt", "model.yaml", "modules.json", "preprocessor_config.json",
      "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
    ]
    let settings = try ModelDirectory.settings(Folder.parent(of: version)).graph
      .overridden(by: GraphSettings(folder: version))
    if case .file(let name)? = settings.labels, !names.contains(name) { names.append(name) }
    if SmallFile.exists("\(version)/modules.json") {
      names += (Folder.names(version, limit: 1000) ?? []).map { "\($0)/config.json" }
    }
    return names.filter { SmallFile.exists("\(version)/\($0)") }
  }

  // MARK: Labels

  /// nil where there is no such file.
  private static func names(_ path: String) throws(ConfigurationError) -> [String]? {
    guard let bytes = try bytes(path) else { return nil }
    return try lines(bytes, path)
  }

  /// One name a line; a line's number from 0 is the class.
  static func lines(_ bytes: [UInt8], _ file: String) throws(ConfigurationError) -> [String] {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(file: file, "must be a text in UTF-8")
    }
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    while lines.last?.isEmpty == true { lines.removeLast() }
    let bound = GraphSettings.labelBound
    guard 1...bound ~= lines.count,
      lines.allSatisfy({ $0.utf8.count <= GraphSettings.labelBytes })
    else {
      throw ConfigurationError(
        file: file,
        "expected 1 to \(bound) names, one a line, each of at most "
          + "\(GraphSettings.labelBytes) bytes")
    }
    return lines.map(String.init)
  }

  /// `{"0": "cat", "1": "dog"}`
  private static func labels(_ object: JSONValue, _ file: String) throws -> [String]? {
    if object.isNull { return nil }
    var names: [Int: String] = [:]
    try object.forEachMember { (key, value) throws(ConfigurationError) in
      let text = unsafe key.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
      guard let index = Int(text), let name = value.string else {
        throw ConfigurationError(file: file, "id2label: expected names by whole numbers from 0")
      }
      names[index] = name
    }
    let sorted = names.sorted { $0.key < $1.key }
    guard sorted.map(\.key) == Array(0..<names.count), !names.isEmpty else {
      throw ConfigurationError(file: file, "id2label: a number between 0 and the last is missing")
    }
    return sorted.map(\.value)
  }

  // MARK: Files

  /// What `image` in model.yaml says, as JSON.
  static func image(_ text: String) throws(ConfigurationError) -> PreprocessorSettings {
    try image(parse(Array(text.utf8), "image"), "image")
  }

  private static func image(
    _ root: JSONValue, _ file: String
  ) throws(ConfigurationError) -> PreprocessorSettings {
    do throws(PreprocessorError) {
      return try PreprocessorSettings(root)
    } catch {
      throw ConfigurationError(file: file, "\(error)")
    }
  }

  private static func json(_ path: String) throws -> JSONValue? {
    try bytes(path).map { try parse($0, path) }
  }

  private static func parse(
    _ bytes: [UInt8], _ file: String
  ) throws(ConfigurationError) -> JSONValue {
    do throws(JSONError) {
      return try unsafe JSONDocument(bytes.span.bytes, limits: limits).root
    } catch {
      throw ConfigurationError(file: file, "\(error)")
    }
  }

  private static func file(_ path: String) throws(ConfigurationError) -> [UInt8] {
    do throws(FileError) {
      return try SmallFile.bytes(path, limit: limits.bytes)
    } catch {
      throw ConfigurationError(file: path, error.explanation)
    }
  }

  /// nil where there is no such file.
  private static func bytes(_ path: String) throws(ConfigurationError) -> [UInt8]? {
    do throws(FileError) {
      return try SmallFile.bytes(path, limit: limits.bytes)
    } catch {
      if error.isMissing { return nil }
      throw ConfigurationError(file: path, error.explanation)
    }
  }
}
