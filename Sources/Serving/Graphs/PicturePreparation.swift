internal import Bytes
package import Images
internal import Inference
internal import JSON
package import Models

/// How pictures are prepared for a graph, and where that is said: one rule for the server, for
/// `apus inspect` and for `apus quantize`.
///
///     image in model.yaml ─▶ preprocessor_config.json ─▶ pretrained_cfg in config.json ─▶ as usual
package struct PicturePreparation: Sendable, Equatable {
  package let settings: PreprocessorSettings
  /// Whose word it is.
  let source: Source

  enum Source: String, Sendable {
    case settings = "as image in model.yaml says"
    case processor = "as preprocessor_config.json says"
    case timm = "as pretrained_cfg in config.json says"
    case usual = "as is usual, for nothing beside the model says how"
  }

  /// What stands beside a graph.
  enum Statement {
    case settings(PreprocessorSettings)
    case processor(PreprocessorSettings)
    /// It depends on the size that the graph takes.
    case timm(JSONValue, file: String)
  }

  /// - Returns: nil where nothing is said and the graph leaves the size open.
  /// - Throws: where what is said does not fit the graph.
  init?(_ frame: PictureFrame, _ statement: Statement?) throws(ConfigurationError) {
    let said: PreprocessorSettings?
    switch statement {
    case .settings(let settings)?: (said, source) = (settings, .settings)
    case .processor(let settings)?: (said, source) = (settings, .processor)
    case .timm(let json, let file)?:
      do throws(PreprocessorError) {
        (said, source) = (try PreprocessorSettings(timm: json, size: frame.size), .timm)
      } catch {
        throw ConfigurationError(file: file, "pretrained_cfg: \(error)")
      }
    case nil: (said, source) = (nil, .usual)
    }
    guard let settings = try frame.fitted(said) else { return nil }
    self.settings = settings
  }

  package func preprocessor() throws(ConfigurationError) -> ImagePreprocessor {
    do throws(PreprocessorError) {
      return try ImagePreprocessor(settings)
    } catch {
      throw ConfigurationError(file: "image", "\(error)")
    }
  }

  /// For people.
  package var words: String { "\(settings); \(source.rawValue)" }
}

extension PicturePreparation {
  /// For a model on its way to be served: as the server would find it there.
  ///
  /// - Parameter folders: where what describes it may be, the nearest first; a version's is last.
  /// - Returns: nil for a model that takes no pictures, or whose sizes nothing tells.
  package init?(of model: ONNXModel, in folders: [String]) throws {
    guard model.graph.inputs.count == 1,
      case .tensor(let type, let shape)? = model.graph.inputs[0].type,
      let frame = PictureFrame(GraphSignature.Port(model.graph.inputs[0].name, type, shape))
    else { return nil }
    var settings = GraphSettings()
    if let version = folders.last {
      settings = try ModelDirectory.settings(Folder.parent(of: version)).graph
        .overridden(by: GraphSettings(folder: version))
    }
    var statement: Statement?
    for folder in folders where statement == nil {
      statement = try GraphFiles.pictures(version: folder, settings)
    }
    try self.init(frame, statement)
  }
}
