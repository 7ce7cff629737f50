internal import Batching
internal import Compute
internal import EventLoop
internal import Inference
internal import Metrics
internal import Models
internal import Synchronization
internal import Tokenizers

/// Reads models from their folders and makes them ready to be called. Runs on a thread of its own:
/// packing weights takes from milliseconds to seconds.
final class ModelInstaller: Sendable {
  private let engine: Engine
  private let loops: [EventLoop]
  private let threads: Int?
  private let log: Log
  private let shared = Mutex(Shared())

  private struct Shared {
    var processor: Processor?
    /// Loaded encoders by model name, newest version last, for the heads that stand on them.
    var encoders: [String: Encoder] = [:]
    var placed = 0
  }

  private struct Encoder {
    let backend: EncoderBackend
    let tokenizer: WordPieceTokenizer
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
  func load(_ directory: ModelDirectory, into registry: ModelRegistry, changed: () -> Void) {
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
    let folder = try ModelFolder.detect(version.path)
    var limits = LlamaBackend.Limits()
    limits.kvBytes = entry.settings.keyValueBytes
    let loaded = try ModelLoader(processor: try processor(), limits: limits).load(
      folder, base: { name in try encoder(name, for: version.path).backend })
    let (facts, runner) =
      switch loaded {
      case .encoder(let backend): try serve(backend, entry, version, place)
      case .classifier(let backend): try serve(backend, of: version, place)
      case .rows(let backend): serve(backend, place)
      case .language(let backend, let vocabulary): try serve(backend, vocabulary, place)
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
      let processor = try Processor(threads: threads ?? EventLoopGroup.coreCount)
      log.info(
        "kernels", ("tier", .text(processor.tier.name)), ("threads", .integer(processor.threads)))
      shared.processor = processor
      return processor
    }
  }

  /// The loaded encoder that a head stands on.
  private func encoder(_ name: String, for path: String) throws(ModelError) -> Encoder {
    guard let encoder = shared.withLock({ $0.encoders[name] }) else {
      throw ModelError(
        .unsupported, "\(path)/head.json",
        "its base, the encoder `\(name)`, is not loaded; put it beside this model")
    }
    return encoder
  }

  // MARK: Kinds of model

  private typealias Made = (ModelFacts, ServedModel.Runner)

  private func serve(
    _ backend: EncoderBackend, _ entry: ModelDirectory.Entry, _ version: ModelDirectory.Version,
    _ place: Place
  ) throws -> Made {
    try place.checkBatch(holds: backend.maximumTokens)
    let tokenizer = try WordPieceTokenizer(
      folder: version.path, maximumTokens: backend.maximumTokens + TokenizedTexts.overshoot)
    shared.withLock { $0.encoders[entry.name] = Encoder(backend: backend, tokenizer: tokenizer) }
    var facts = ModelFacts(task: .embedding, architecture: "bert", quantization: "int8")
    facts.parameters = backend.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumTokens = backend.maximumTokens
    facts.maximumInstances = place.settings.maxInstances
    facts.embeddingSize = backend.width
    facts.vocabularySize = tokenizer.vocabularySize
    return (facts, .embedding(tokenizer, place.batcher(backend)))
  }

  private func serve(
    _ backend: ClassifierBackend, of version: ModelDirectory.Version, _ place: Place
  ) throws -> Made {
    let tokenizer = try shared.withLock { shared in
      guard let found = shared.encoders.values.first(where: { $0.backend === backend.encoder })
      else { throw ModelError(.unsupported, version.path, "its encoder has no tokenizer") }
      return found.tokenizer
    }
    try place.checkBatch(holds: backend.encoder.maximumTokens)
    var facts = ModelFacts(task: .classification, architecture: "bert + head", quantization: "int8")
    facts.parameters = backend.encoder.parameters + backend.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumTokens = backend.encoder.maximumTokens
    facts.maximumInstances = place.settings.maxInstances
    facts.labels = backend.labels
    facts.vocabularySize = tokenizer.vocabularySize
    return (facts, .classification(tokenizer, place.batcher(backend)))
  }

  private func serve(_ backend: RowBackend, _ place: Place) -> Made {
    var facts = ModelFacts(task: .tensors, architecture: "linear", quantization: "f32")
    if !backend.labels.isEmpty { facts.task = .classification }
    facts.parameters = backend.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumInstances = place.settings.maxInstances
    facts.labels = backend.labels
    facts.rowWidth = backend.width
    return (facts, .rows(place.batcher(backend)))
  }

  private func serve(
    _ backend: LlamaBackend, _ vocabulary: SentencePieceVocabulary, _ place: Place
  ) throws -> Made {
    let tokenizer = try SentencePieceTokenizer(vocabulary)
    var facts = ModelFacts(
      task: .generation, architecture: "llama", quantization: backend.weightType)
    facts.parameters = backend.parameters
    facts.memoryBytes = backend.memoryBytes
    facts.maximumTokens = backend.contextLength
    facts.contextLength = backend.contextLength
    facts.vocabularySize = backend.vocabularySize
    let sequences = ServedModel.SequenceModel(
      tokenizer: tokenizer, scheduler: place.scheduler(backend), stopTokens: vocabulary.stopIDs)
    return (facts, .generation(sequences))
  }
}
