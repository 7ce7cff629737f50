package import Compute
package import Models

/// A model that is packed and ready to answer.
package enum LoadedModel: Sendable {
  case encoder(EncoderBackend)
  case classifier(ClassifierBackend)
  case rows(RowBackend)
  /// With the raw material of its tokenizer, which its file holds.
  case language(LlamaBackend, SentencePieceVocabulary)
  case graph(GraphBackend)

  /// Runs the model once, so that the first caller waits for nothing. To be called where batches
  /// are computed: the worker pool and a shared encoder serve one at a time.
  ///
  /// - Parameter interest: a long run ends when it has gone.
  /// - Throws: where the answer is no number: weights can overflow without being infinite
  ///   themselves.
  package func warmUp(for interest: (any Interest)? = nil) throws {
    switch self {
    case .encoder(let backend): try Self.check(backend.compute([[0]]))
    case .classifier(let backend): try Self.check(backend.compute([[0]]))
    case .rows(let backend):
      try Self.check(backend.compute([[Float](repeating: 0, count: backend.width)]))
    case .language(let backend, _):
      let sampler = Sampler(options: SamplingOptions())
      _ = try backend.step([SequenceSlice(tokens: [0], position: 0, blocks: [0], sampler: sampler)])
    case .graph(let backend): try backend.warmUp(for: interest)
    }
  }

  private static func check(_ answers: [[Float]]) throws(InferenceError) {
    guard answers.joined().allSatisfy(\.isFinite) else {
      throw InferenceError(
        .invalidModel, "its first answer is no finite number: its computation overflows")
    }
  }
}

/// Told of the share of a model that is loaded, ascending to 1; throws to end the loading.
package typealias LoadingProgress = (Double) throws(InferenceError) -> Void

/// Makes backends of model folders. Loading is slow work for a thread of its own: it reads files
/// and packs weights.
package struct ModelLoader: Sendable {
  package let processor: Processor
  package let limits: LlamaBackend.Limits
  /// Tokens an encoder computes in one piece.
  package let pieceTokens: Int
  package let graphs: GraphOptions

  package init(
    processor: Processor, limits: LlamaBackend.Limits = LlamaBackend.Limits(),
    pieceTokens: Int = EncoderBackend.defaultPieceTokens, graphs: GraphOptions = GraphOptions()
  ) {
    self.processor = processor
    self.limits = limits
    self.pieceTokens = pieceTokens
    self.graphs = graphs
  }

  /// - Parameters:
  ///   - base: the loaded encoder of that name, for a head that classifies its embeddings; may load
  ///     it now.
  ///   - interest: for what takes long between two matrices: the loading ends when it has gone.
  ///   - progress: called after every matrix; what it throws ends the loading.
  /// - Throws: `ModelError` where files are missing, broken or of an unsupported kind, `ONNXError`
  ///   with all that is wrong with a graph,
  ///   `InferenceError` (`invalidModel`) where they do not fit together, and what `base` throws.
  package func load(
    _ folder: ModelFolder, base: (String) throws -> EncoderBackend,
    interest: (any Interest)? = nil, progress: LoadingProgress = { _ in }
  ) throws -> LoadedModel {
    switch folder {
    case .encoder(let path):
      let backend = try EncoderBackend(
        EncoderModel(folder: path), processor: processor, pieceTokens: pieceTokens,
        progress: progress)
      return .encoder(backend)
    case .head(let path):
      let head = try HeadModel(folder: path)
      guard let name = head.base else {
        return .rows(try RowBackend(head, processor: processor))
      }
      return .classifier(try ClassifierBackend(head, encoder: base(name)))
    case .llama(let path):
      return try loadLanguageModel(path, progress)
    case .graph(let file, _):
      return .graph(
        try GraphBackend(
          path: file, options: graphs, processor: processor, interest: interest,
          progress: progress))
    }
  }

  private func loadLanguageModel(
    _ path: String, _ progress: LoadingProgress
  ) throws -> LoadedModel {
    let model = try LlamaModel(path: path)
    guard let vocabulary = model.vocabulary else {
      throw InferenceError(
        .invalidModel,
        "\(path) has no tokenizer (tokenizer.ggml.model); texts cannot be told from ids")
    }
    let backend = try LlamaBackend(
      model, processor: processor, limits: limits, progress: progress)
    return .language(backend, vocabulary)
  }
}
