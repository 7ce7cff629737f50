internal import Bytes

/// What the folder of one model version holds.
package enum ModelFolder: Sendable, Equatable {
  /// One GGUF file: `LlamaModel(path:)`.
  case llama(path: String)
  /// config.json and model.safetensors: `EncoderModel(folder:)`.
  case encoder(folder: String)
  /// head.json and head.safetensors: `HeadModel(folder:)`.
  case head(folder: String)
  /// model.onnx, here or in the folder `onnx`, with what describes it beside it:
  /// `ONNXModel(path:)`.
  case graph(file: String, folder: String)

  private static let allowed =
    "a version folder holds either one .gguf file, or model.onnx, or config.json and "
    + "model.safetensors, or head.json and head.safetensors"

  /// Looks at the names in a folder; the files themselves are checked when they are loaded.
  package static func detect(_ path: String) throws(ModelError) -> ModelFolder {
    guard let names = Folder.names(path, limit: 4096) else {
      throw ModelError(.unreadable, path, "cannot be listed; is it a folder?")
    }
    let files = names.filter { $0.hasSuffix(".gguf") }
    var found: [ModelFolder] = files.map { .llama(path: "\(path)/\($0)") }
    if names.contains("config.json"), names.contains("model.safetensors") {
      found.append(.encoder(folder: path))
    }
    if names.contains("head.json"), names.contains("head.safetensors") {
      found.append(.head(folder: path))
    }
    if names.contains(graphName) {
      found.append(.graph(file: "\(path)/\(graphName)", folder: path))
    }
    // Exports lay it beside the weights that it was made of; then those are the model.
    let exported = found.isEmpty ? (Folder.names("\(path)/onnx", limit: 4096) ?? []) : []
    if exported.contains(graphName) {
      found.append(.graph(file: "\(path)/onnx/\(graphName)", folder: path))
    }
    if found.count == 1 { return found[0] }
    let shown = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    let reason =
      if found.count > 1 {
        "there are \(found.count) models in one folder (\(shown)); \(allowed)"
      } else if names.isEmpty {
        "the folder is empty; \(allowed)"
      } else if let graph = (names + exported.map { "onnx/\($0)" }).first(where: isGraph) {
        "there is \(graph); rename it to model.onnx"
      } else if names.contains("model.safetensors.index.json") {
        "the weights are split over several files; join them into one model.safetensors"
      } else if names.contains(where: { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") }) {
        "there are only PyTorch weights (\(shown)); save them as model.safetensors"
      } else {
        "there is no model here (\(shown)); \(allowed)"
      }
    throw ModelError(.unsupported, path, reason)
  }

  private static let graphName = "model.onnx"

  private static func isGraph(_ name: String) -> Bool { name.hasSuffix(".onnx") }

  /// The graphs that lie in a version's folder beside the one that is its model, and are not taken.
  package static func graphs(beside file: String, in folder: String) -> [String] {
    let names = Folder.names(folder, limit: 4096) ?? []
    let exported = Folder.names("\(folder)/onnx", limit: 4096) ?? []
    return (names + exported.map { "onnx/\($0)" }).filter {
      isGraph($0) && "\(folder)/\($0)" != file
    }
  }

  /// The folder of a model's newest version; nil where the folder has none.
  package static func newestVersion(in model: String) -> String? {
    let versions = (Folder.names(model, limit: 4096) ?? []).compactMap { name -> Int? in
      guard let number = Int(name), number > 0, "\(number)" == name,
        Folder.exists("\(model)/\(name)")
      else { return nil }
      return number
    }
    return versions.max().map { "\(model)/\($0)" }
  }
}
