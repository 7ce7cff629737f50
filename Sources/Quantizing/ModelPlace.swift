internal import Bytes
internal import Models

/// Where a model is, and where what is made of it goes.
struct ModelPlace {
  /// The graph.
  let file: String
  /// Where what describes it may be, the nearest first.
  let folders: [String]
  /// Names of graphs that lie beside it where nobody said which is meant.
  let others: [String]

  private static let ending = ".onnx"

  /// - Parameter path: a file, or the folder of a version or of a model, whose newest version is
  ///   meant.
  init(_ path: String) throws(QuantizationError) {
    guard Folder.exists(path) else {
      let parent = Folder.parent(of: path)
      // As exports lay it: model/onnx/model.onnx, and all else in model.
      let isExport = parent == "onnx" || parent.hasSuffix("/onnx")
      (file, others) = (path, [])
      folders = isExport ? [parent, Folder.parent(of: parent)] : [parent]
      return
    }
    let version = ModelFolder.newestVersion(in: path) ?? path
    let found: ModelFolder
    do throws(ModelError) { found = try .detect(version) } catch {
      throw QuantizationError("\(error)")
    }
    guard case .graph(let file, let folder) = found else {
      throw QuantizationError("\(version) is no model in ONNX's format: give the .onnx file")
    }
    (self.file, folders) = (file, [folder])
    others = ModelFolder.graphs(beside: file, in: folder)
  }

  /// The file to write.
  ///
  /// - Parameter wanted: a file or a folder; nil for a file beside the model's.
  func output(_ wanted: String?) throws(QuantizationError) -> String {
    guard var path = wanted else {
      let stem = file.hasSuffix(Self.ending) ? String(file.dropLast(Self.ending.count)) : file
      return "\(stem)-int8\(Self.ending)"
    }
    if Folder.exists(path) {
      path += path.hasSuffix("/") ? "model.onnx" : "/model.onnx"
    }
    guard !Folder.isSame(path, file) else {
      throw QuantizationError(
        "\(path) is the model in floats: give another file, such as --output \(try output(nil)), "
          + "or the folder of another version")
    }
    let parent = Folder.parent(of: path)
    guard !path.hasSuffix("/"), Folder.exists(parent) else {
      throw QuantizationError(
        "\(path) cannot be written: there is no folder \(path.hasSuffix("/") ? path : parent)")
    }
    return path
  }
}
