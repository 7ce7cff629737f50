internal import Batching
internal import Inference
internal import Models
internal import Tokenizers

/// What becomes of each kind of loaded model: its facts, and what runs it.
extension ModelInstaller {
  typealias Made = (ModelFacts, ServedModel.Runner)

  func serve(
    _ backend: EncoderBackend, _ entry: ModelDirectory.Entry, _ version: ModelDirectory.Version,
    _ place: Place
  ) throws -> Made {
    try place.checkBatch(tokens: backend.maximumTokens)
    let tokenizer = try WordPieceTokenizer(
      folder: version.path, maximumTokens: backend.maximumTokens + TokenizedTexts.overshoot)
    // Fewer are fine: embeddings are padded to round sizes. A language model's pieces and rows were
    // compared when its file was read, and must be as many: it draws any id it has a row for.
    let rows = backend.configuration.vocabularySize
    guard tokenizer.vocabularySize <= rows else {
      throw ModelError(
        .malformed, version.path,
        "the tokenizer has \(tokenizer.vocabularySize) tokens and the model's embedding only "
          + "\(rows) rows; they are not of the same model")
    }
    keep(Encoder(backend: backend, tokenizer: tokenizer), entry.name, version.number)
    var facts = ModelFacts(task: .embedding, architecture: "bert", quantization: "int8")
    facts.parameters = backend.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumTokens = backend.maximumTokens
    facts.maximumInstances = place.settings.maxInstances
    facts.embeddingSize = backend.width
    facts.normalizes = backend.normalizes
    facts.vocabularySize = tokenizer.vocabularySize
    return (facts, .embedding(tokenizer, place.batcher(backend, tokens: backend.maximumTokens)))
  }

  func serve(
    _ backend: ClassifierBackend, of version: ModelDirectory.Version, _ place: Place
  ) throws -> Made {
    let tokenizer = try tokenizer(of: backend.encoder, for: version.path)
    let tokens = backend.encoder.maximumTokens
    try place.checkBatch(tokens: tokens)
    var facts = ModelFacts(task: .classification, architecture: "bert + head", quantization: "int8")
    facts.parameters = backend.encoder.parameters + backend.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumTokens = tokens
    facts.maximumInstances = place.settings.maxInstances
    facts.labels = backend.labels
    facts.vocabularySize = tokenizer.vocabularySize
    return (facts, .classification(tokenizer, place.batcher(backend, tokens: tokens)))
  }

  func serve(_ backend: RowBackend, _ place: Place) throws -> Made {
    try place.checkBatch(tokens: 1)
    let task: ModelFacts.Task =
      backend.labels.isEmpty ? (backend.outputs == 1 ? .regression : .tensors) : .classification
    var facts = ModelFacts(task: task, architecture: "linear", quantization: "f32")
    facts.parameters = backend.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumInstances = place.settings.maxInstances
    facts.labels = backend.labels
    facts.rowWidth = backend.width
    return (facts, .rows(place.batcher(backend, tokens: 1)))
  }

  func serve(
    _ backend: LlamaBackend, _ vocabulary: SentencePieceVocabulary,
    of version: ModelDirectory.Version, _ place: Place
  ) throws -> Made {
    let tokenizer = try SentencePieceTokenizer(vocabulary)
    var facts = ModelFacts(
      task: .generation, architecture: "llama", quantization: backend.weightType)
    facts.parameters = backend.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumTokens = backend.contextLength
    facts.contextLength = backend.contextLength
    facts.trainedContextLength = backend.configuration.contextLength
    facts.vocabularySize = backend.vocabularySize
    if facts.contextLength < facts.trainedContextLength {
      log.warning(
        "shorter context than the model was made for", ("model", .text(place.name)),
        ("tokens", .integer(facts.contextLength)),
        ("made_for", .integer(facts.trainedContextLength)),
        ("raise", .text(place.contextBound(facts.contextLength))))
    }
    let chat = try ChatSupport(vocabulary, place.settings, folder: version.modelFolder)
    if case .none(let reason) = chat, !vocabulary.chatTemplate.isEmpty {
      log.warning("no conversations", ("model", .text(place.name)), ("problem", .text(reason)))
    }
    let sequences = ServedModel.SequenceModel(
      tokenizer: tokenizer, scheduler: place.scheduler(backend), stopTokens: vocabulary.stopIDs,
      chat: chat)
    return (facts, .generation(sequences))
  }
}
