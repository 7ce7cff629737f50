internal import Bytes
internal import Models

/// What is wrong with what people write into the folders of models: each model.yaml, and what
/// stands beside a graph. Of the models themselves only the names are read.
package struct ModelFolderCheck {
  package private(set) var problems: [ConfigurationError] = []
  /// What was not checked, or is read by nobody.
  package private(set) var notes: [String] = []
  /// How many model.yaml there are.
  package private(set) var count = 0

  /// - Parameter models: folders and buckets as `--models` says them.
  package init(_ models: String) {
    for address in (try? SourceAddress.list(models)) ?? [] {
      switch address {
      case .folder(let path): check(path)
      case .bucket: notes.append("\(address.name): no model.yaml in a bucket is checked")
      }
    }
  }

  private mutating func check(_ folder: String) {
    do throws(ConfigurationError) {
      for entry in try ModelDirectory(scanning: folder).entries {
        check(entry, "\(folder)/\(entry.name)")
      }
    } catch {
      notes.append("\(error); no model.yaml there is checked")
    }
  }

  private mutating func check(_ entry: ModelDirectory.Entry, _ model: String) {
    if hasFile(model) { count += 1 }
    let settings = noting(model) { try ModelDirectory.settings(model).graph }
    for version in entry.versions {
      guard case .graph = try? ModelFolder.detect(version.path) else {
        if hasFile(version.path) {
          notes.append(
            "\(version.path)/model.yaml is not read, for that is no ONNX graph; "
              + "\(model)/model.yaml is")
        }
        continue
      }
      if hasFile(version.path) { count += 1 }
      let own = noting(version.path) { try GraphSettings(folder: version.path) }
      guard let settings, let own else { continue }
      _ = noting(version.path) {
        try GraphFiles(version: version.path, model: model, settings.overridden(by: own))
      }
    }
  }

  private func hasFile(_ folder: String) -> Bool { SmallFile.exists("\(folder)/model.yaml") }

  private mutating func noting<Value>(_ folder: String, _ read: () throws -> Value) -> Value? {
    do {
      return try read()
    } catch let found as ConfigurationProblems {
      problems += found.all
    } catch let error as ConfigurationError {
      problems.append(error)
    } catch {
      problems.append(ConfigurationError(file: folder, "\(error)"))
    }
    return nil
  }
}
