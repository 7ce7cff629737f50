import Glibc

/// What the folder of one model version holds.
package enum ModelFolder: Sendable, Equatable {
  /// One GGUF file: `LlamaModel(path:)`.
  case llama(path: String)
  /// config.json and model.safetensors: `EncoderModel(folder:)`.
  case encoder(folder: String)
  /// head.json and head.safetensors: `HeadModel(folder:)`.
  case head(folder: String)

  private static let allowed =
    "a version folder holds either one .gguf file, or config.json and model.safetensors, "
    + "or head.json and head.safetensors"

  /// Looks at the names in a folder; the files themselves are checked when they are loaded.
  package static func detect(_ path: String) throws(ModelError) -> ModelFolder {
    let names = try list(path)
    let files = names.filter { $0.hasSuffix(".gguf") }
    var found: [ModelFolder] = files.map { .llama(path: "\(path)/\($0)") }
    if names.contains("config.json"), names.contains("model.safetensors") {
      found.append(.encoder(folder: path))
    }
    if names.contains("head.json"), names.contains("head.safetensors") {
      found.append(.head(folder: path))
    }
    if found.count == 1 { return found[0] }
    let shown = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    let reason =
      if found.count > 1 {
        "there are \(found.count) models in one folder (\(shown)); \(allowed)"
      } else if names.isEmpty {
        "the folder is empty; \(allowed)"
      } else if names.contains("model.safetensors.index.json") {
        "the weights are split over several files; join them into one model.safetensors"
      } else if names.contains(where: { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") }) {
        "there are only PyTorch weights (\(shown)); save them as model.safetensors"
      } else {
        "there is no model here (\(shown)); \(allowed)"
      }
    throw ModelError(.unsupported, path, reason)
  }

  /// The folder's names in order, without hidden ones.
  private static func list(_ path: String) throws(ModelError) -> [String] {
    guard let folder = unsafe opendir(path) else {
      throw ModelError(.unreadable, path, "cannot be listed; is it a folder?")
    }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
    while names.count < 4096, let entry = unsafe readdir(folder) {
      // The record ends with its name, before the struct does: read in place, to the NUL.
      let name = unsafe String(
        cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: UInt8.self))
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}
