internal import Bytes

/// The files beside a model in which tensors have their values, each mapped once. A model names
/// files of its own folder and below it, and never any other.
struct ExternalData {
  private let folder: String
  private var files: [String: MappedFile] = [:]

  /// - Parameter path: the model's file.
  init(of path: String) { folder = Folder.parent(of: path) }

  /// The bytes that a tensor's entries point at, which must be exactly `size`.
  mutating func region(
    _ entries: [Onnx.StringStringEntryProto], size: Int
  ) throws(ONNXProblem) -> FileRegion {
    var values: [String: String] = [:]
    for entry in entries { values[entry.key ?? ""] = entry.value ?? "" }
    guard let location = values["location"], !location.isEmpty else {
      throw ONNXProblem(.malformed, "it does not say in which file its values are")
    }
    let offset = try Self.number(values, "offset") ?? 0
    let length = try Self.number(values, "length") ?? size
    guard length == size else {
      throw ONNXProblem(
        .malformed, "its shape and type take \(size) bytes, but its external data has \(length)")
    }
    let file = try file(location)
    guard offset <= file.count, length <= file.count - offset,
      let region = file.region(offset..<offset + length)
    else {
      throw ONNXProblem(
        .malformed,
        "its external data takes \(length) bytes from \(offset), but "
          + "\(ONNXProblem.shown(location)) has \(file.count) bytes")
    }
    return region
  }

  private mutating func file(_ location: String) throws(ONNXProblem) -> MappedFile {
    if let file = files[location] { return file }
    guard files.count < ONNXModel.Limit.externalFiles else {
      throw ONNXProblem(
        .unsupported,
        "there are more than \(ONNXModel.Limit.externalFiles) files of external data")
    }
    let shown = ONNXProblem.shown(location)
    let steps = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.contains("\0"), !steps.contains(""), !steps.contains("..") else {
      throw ONNXProblem(
        .malformed,
        "its external data is to be in \(shown); only paths within the model's folder are taken")
    }
    do throws(FileError) {
      guard let path = try Folder.path(of: location, within: folder) else {
        throw FileError(path: location, "lies outside of the model's folder")
      }
      let file = try MappedFile(path: path)
      files[location] = file
      return file
    } catch {
      throw ONNXProblem(.unreadable, "the external data \(shown) \(error.explanation)")
    }
  }

  private static func number(
    _ values: [String: String], _ key: String
  ) throws(ONNXProblem) -> Int? {
    guard let text = values[key] else { return nil }
    guard let number = Int(text), number >= 0 else {
      throw ONNXProblem(
        .malformed, "the \(key) of its external data is \(ONNXProblem.shown(text)), no number")
    }
    return number
  }
}
