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

  /// Where to write what is made of it.
  ///
  /// - Parameter wanted: a file, whose name ends in .onnx, or a folder, which need not be there;
  ///   nil for a file beside the model's.
  func output(_ wanted: String?) throws(QuantizationError) -> OutputPlace {
    guard let wanted else { return OutputPlace(file: standard) }
    let isFile = wanted.hasSuffix(Self.ending) && !Folder.exists(wanted)
    let place = isFile ? OutputPlace(file: wanted) : OutputPlace(folder: wanted)
    guard !Folder.isSame(place.file, file) else {
      throw QuantizationError(
        "\(place.file) is the model in floats: give another file, such as --output \(standard), "
          + "or the folder of another version")
    }
    let parent = Folder.parent(of: wanted)
    guard Folder.exists(parent) else {
      throw QuantizationError("\(wanted) cannot be written: there is no folder \(parent)")
    }
    guard isFile || Folder.exists(wanted) || !SmallFile.exists(wanted) else {
      throw QuantizationError(
        "\(wanted) is a file: give a folder, or a file whose name ends in \(Self.ending)")
    }
    return place
  }

  private var standard: String {
    let stem = file.hasSuffix(Self.ending) ? String(file.dropLast(Self.ending.count)) : file
    return "\(stem)-int8\(Self.ending)"
  }

  /// What lies beside it, the nearest of each name.
  ///
  /// - Parameter names: of those in a folder that matter.
  func companions(_ names: (String) throws -> [String]) rethrows -> [OutputPlace.Companion] {
    var found: [OutputPlace.Companion] = []
    for folder in folders {
      for name in try names(folder) where !found.contains(where: { $0.name == name }) {
        found.append(OutputPlace.Companion(name: name, source: "\(folder)/\(name)"))
      }
    }
    return found
  }
}
