internal import Batching
internal import Compute
internal import EventLoop
internal import Inference
internal import Models
internal import Synchronization
internal import Tokenizers

/// Reads models from their folders and makes them ready to be called. Runs on a thread of its own:
/// packing weights takes from milliseconds to seconds.
final class ModelLoader: Sendable {
  private let engine: Engine
  private let loops: [EventLoop]
  private let threads: Int?
  private let log: Log
  private let shared = Mutex(Shared())

  private struct Shared {
    var processor: Processor?
    /// Loaded encoders by model name, newest version last, for the heads that stand on them.
    var encoders: [String: (backend: EncoderBackend, tokenizer: WordPieceTokenizer)] = [:]
    var placed = 0
  }

  init(engine: Engine, loops: [EventLoop], threads: Int?, log: Log) {
    self.engine = engine
    self.loops = loops
    self.threads = threads
    self.log = log
  }

  /// Loads all versions of all models, heads after the encoders they stand on.
  ///
  /// - Parameter changed: called whenever a model became ready or failed.
  func load(folder: String, into registry: ModelRegistry, changed: () -> Void) {
    let directory: ModelDirectory
    do throws(ConfigurationError) {
      directory = try ModelDirectory(scanning: folder)
    } catch {
      log.error("models folder", ("problem", .text(error.description)))
      return
    }
    for problem in directory.problems { log.warning("models folder", ("problem", .text(problem))) }
    for entry in directory.entries { registry.add(entry) }
    changed()

    var heads: [(ModelDirectory.Entry, ModelDirectory.Version)] = []
    for entry in directory.entries {
      for version in entry.versions {
        if case .head = try? ModelFolder.detect(version.path) {
          heads.append((entry, version))
        } else {
          load(entry, version, into: registry)
          changed()
        }
      }
    }
    for (entry, version) in heads {
      load(entry, version, into: registry)
      changed()
    }
  }

  private func load(
    _ entry: ModelDirectory.Entry, _ version: ModelDirectory.Version, into registry: ModelRegistry
  ) {
    let start = ContinuousClock.now
    log.info("loading", ("model", .text(entry.name)), ("version", .integer(version.number)))
    do {
      let model = try make(entry, version)
      let since = Double(Log.wallMicroseconds()) / 1e6
      registry.set(entry.name, version.number, to: .ready(model, since: since))
      log.info(
        "loaded", ("model", .text(entry.name)), ("version", .integer(version.number)),
        ("architecture", .text(model.facts.architecture)),
        ("weights", .text(model.facts.quantization)),
        ("mib", .number(Double(model.facts.memoryBytes) / 1_048_576)),
        ("ms", .number(start.duration(to: .now).milliseconds)))
    } catch {
      registry.set(entry.name, version.number, to: .failed("\(error)"))
      log.error(
        "not loaded", ("model", .text(entry.name)), ("version", .integer(version.number)),
        ("path", .text(version.path)), ("problem", .text("\(error)")))
    }
  }

  private func make(_ entry: ModelDirectory.Entry, _ version: ModelDirectory.Version) throws
    -> ServedModel
  {
    let place = Place(
      name: "\(entry.name)/\(version.number)", engine: engine, loop: nextLoop(),
      settings: entry.settings)
    let (facts, runner) =
      switch try ModelFolder.detect(version.path) {
      case .encoder(let folder): try encoder(folder, entry, place)
      case .head(let folder): try head(folder, entry, place)
      case .llama(let path): try language(path, entry, place)
      }
    return ServedModel(name: entry.name, version: version.number, facts: facts, runner: runner)
  }

  /// Batchers live on the loops in turn.
  private func nextLoop() -> EventLoop {
    shared.withLock { shared in
      defer { shared.placed += 1 }
      return loops[shared.placed % loops.count]
    }
  }

  /// All models compute on the same threads; those start with the first model.
  private func processor() throws -> Processor {
    try shared.withLock { shared in
      if let processor = shared.processor { return processor }
      let processor = try Processor(threads: threads ?? Processor.coreCount)
      log.info(
        "kernels", ("tier", .text(processor.tier.name)), ("threads", .integer(processor.threads)))
      shared.processor = processor
      return processor
    }
  }

  // MARK: Kinds of model

  private typealias Made = (ModelFacts, ServedModel.Runner)

  private func encoder(_ folder: String, _ entry: ModelDirectory.Entry, _ place: Place) throws
    -> Made
  {
    let model = try EncoderModel(folder: folder)
    let tokenizer = try WordPieceTokenizer(
      folder: folder, maximumTokens: model.maximumTokens + TokenizedTexts.overshoot)
    let backend = try EncoderBackend(model, processor: try processor())
    _ = try backend.compute([try tokenizer.encode("warm up")])
    shared.withLock { $0.encoders[entry.name] = (backend, tokenizer) }
    var facts = ModelFacts(task: .embedding, architecture: "bert", quantization: "int8")
    facts.parameters = model.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumTokens = model.maximumTokens
    facts.maximumInstances = entry.settings.maxInstances
    facts.embeddingSize = backend.width
    facts.vocabularySize = tokenizer.vocabularySize
    return (facts, .embedding(tokenizer, place.batcher(backend)))
  }

  private func head(_ folder: String, _ entry: ModelDirectory.Entry, _ place: Place) throws
    -> Made
  {
    let head = try HeadModel(folder: folder)
    guard let base = head.base else { return try rows(head, entry, place) }
    guard let (encoder, tokenizer) = shared.withLock({ $0.encoders[base] }) else {
      throw ModelError(
        .unsupported, "\(folder)/head.json",
        "its base, the encoder `\(base)`, is not loaded; put it beside this model")
    }
    let backend = try ClassifierBackend(head, encoder: encoder)
    _ = try backend.compute([try tokenizer.encode("warm up")])
    var facts = ModelFacts(task: .classification, architecture: "head on bert", quantization: "f32")
    facts.parameters = backend.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumTokens = encoder.maximumTokens
    facts.maximumInstances = entry.settings.maxInstances
    facts.labels = backend.labels
    facts.vocabularySize = tokenizer.vocabularySize
    return (facts, .classification(tokenizer, place.batcher(backend)))
  }

  private func rows(_ head: HeadModel, _ entry: ModelDirectory.Entry, _ place: Place) throws
    -> Made
  {
    let backend = try RowBackend(head, processor: try processor())
    _ = try backend.compute([[Float](repeating: 0, count: backend.width)])
    var facts = ModelFacts(task: .tensors, architecture: "linear", quantization: "f32")
    if !backend.labels.isEmpty { facts.task = .classification }
    facts.parameters = backend.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumInstances = entry.settings.maxInstances
    facts.labels = backend.labels
    facts.rowWidth = backend.width
    return (facts, .rows(place.batcher(backend)))
  }

  private func language(_ path: String, _ entry: ModelDirectory.Entry, _ place: Place) throws
    -> Made
  {
    let model = try LlamaModel(path: path)
    guard let vocabulary = model.vocabulary else {
      throw ModelError(
        .unsupported, path, "the file has no tokenizer (tokenizer.ggml.model); convert it with one")
    }
    let tokenizer = try SentencePieceTokenizer(vocabulary)
    var limits = LlamaBackend.Limits()
    limits.kvBytes = entry.settings.keyValueBytes
    let backend = try LlamaBackend(model, processor: try processor(), limits: limits)
    var facts = ModelFacts(
      task: .generation, architecture: "llama", quantization: model.layers[0].query.type.rawValue)
    facts.parameters = model.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumTokens = backend.contextLength
    facts.contextLength = backend.contextLength
    facts.vocabularySize = backend.vocabularySize
    let sequences = ServedModel.SequenceModel(
      tokenizer: tokenizer, scheduler: place.scheduler(backend), stopTokens: vocabulary.stopIDs)
    return (facts, .generation(sequences))
  }
}
