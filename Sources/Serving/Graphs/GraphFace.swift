internal import Images
internal import Inference
internal import Models

/// What callers see of a graph: what it takes besides tensors, and what they get.
struct GraphFace: Sendable {
  /// Each nil where the graph takes none.
  let features: FeatureReader?
  let pictures: PictureReader?
  let texts: TextReader?
  let answers: GraphAnswers
  /// Whether embeddings are scaled to length 1 unless a request asks otherwise.
  let normalizes: Bool
  /// How weights are held, and what becomes of them on load.
  let weights: String

  /// - Parameters:
  ///   - version: the folder of the version.
  ///   - model: the folder around it.
  /// - Throws: where what stands beside the graph is wrong, or does not fit it.
  init(
    _ signature: GraphSignature, _ traits: GraphTraits, version: String, model: String,
    _ settings: GraphSettings, images: ImageLimits
  ) throws {
    let becomesBytes = settings.quantize == .dynamic
    weights = traits.weightType + (becomesBytes ? ", products in int8" : "")
    let files = try GraphFiles(version: version, model: model, settings)
    let sentences = try SentenceSettings(folder: version, width: nil)
    texts = try TextReader(
      signature, folder: version, longest: sentences.maximumTokens ?? files.maximumTokens)
    features = FeatureReader(signature, takesMissing: traits.takesMissing)
    normalizes = texts != nil && sentences.normalizes
    do throws(ConfigurationError) {
      pictures = try PictureReader(signature, files, limits: images)
      answers = try GraphAnswers(
        signature, traits, files, task: settings.task,
        pooling: texts == nil ? .none : GraphAnswers.Pooling(sentences.pooling),
        takesPictures: pictures != nil)
    } catch {
      throw ConfigurationError(
        file: error.file.isEmpty ? version : "\(version): \(error.file)", error.reason)
    }
  }

  /// What it takes, in words.
  var kinds: String {
    let kinds =
      (texts == nil ? [] : ["texts"]) + (features == nil ? [] : ["feature rows"])
      + (pictures == nil ? [] : ["images"])
    return kinds.isEmpty ? "tensors" : kinds.joined(separator: ", ") + " or tensors"
  }
}

extension GraphAnswers.Pooling {
  fileprivate init(_ pooling: EncoderModel.Pooling) {
    switch pooling {
    case .mean: self = .mean
    case .cls: self = .first
    case .max: self = .largest
    }
  }
}
