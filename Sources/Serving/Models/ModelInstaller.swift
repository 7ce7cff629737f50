internal import Batching
internal import Compute
internal import EventLoop
internal import Images
internal import Inference
internal import Metrics
internal import Models
internal import Synchronization
internal import Time
internal import Tokenizers

/// Reads models from their folders and makes them ready to be called. Runs on a thread of its own:
/// packing weights takes from milliseconds to minutes.
final class ModelInstaller: Interest {
  private let registry: ModelRegistry
  private let engine: Engine
  private let figures: ModelFigures
  private let loops: [EventLoop]
  private let threads: Int?
  private let stuckAfter: Duration
  let images: ImageLimits
  let log: Log
  private let gone: @Sendable () -> Void
  private let shared = Mutex(Shared())
  private let isCancelled = Atomic(false)

  private struct Shared {
    var processor: Processor?
    /// Loaded encoders by model and version, for the heads that stand on them.
    var encoders: [String: [Int: Encoder]] = [:]
    var placed = 0
  }

  struct Encoder {
    let backend: EncoderBackend
    let tokenizer: WordPieceTokenizer
  }

  /// - Parameters:
  ///   - stuckAfter: no run of a graph takes longer, so that none makes the engine seem stuck.
  ///   - gone: called when the last call has let go of a version, from any thread.
  init(
    registry: ModelRegistry, engine: Engine, figures: ModelFigures, loops: [EventLoop],
    threads: Int?, stuckAfter: Duration, images: ImageLimits, log: Log,
    gone: @escaping @Sendable () -> Void
  ) {
    self.figures = figures
    self.gone = gone
    self.registry = registry
    self.engine = engine
    self.loops = loops
    self.threads = threads
    self.stuckAfter = stuckAfter
    self.images = images
    self.log = log
  }

  /// Ends a `load` that runs, within the time of one matrix. From any thread.
  func cancel() { isCancelled.store(true, ordering: .relaxed) }

  var isAlive: Bool { !isCancelled.load(ordering: .relaxed) }

  /// Loading holds up nobody: it has a thread of its own.
  func giveWay() -> Duration { .zero }

  /// Whether a version stands on another model, which then has to be loaded before it.
  static func isHead(_ version: ModelDirectory.Version) -> Bool {
    if case .head = try? ModelFolder.detect(version.path) { true } else { false }
  }

  /// Reads and prepares a version, and has it compute once. The registry tells what came of it.
  ///
  /// - Returns: nil where it was cancelled; else whether it answers.
  func load(_ entry: ModelDirectory.Entry, _ version: ModelDirectory.Version) -> Bool? {
    let start = ContinuousClock.now
    if isCancelled.load(ordering: .relaxed) { return nil }
    log.info("loading", ("model", .text(entry.name)), ("version", .integer(version.number)))
    registry.set(entry.name, version.number, to: .loading)
    do {
      let model = try make(entry, version)
      let now = UnixTime.now().seconds
      registry.set(entry.name, version.number, to: .ready(model, since: now))
      tellLoaded(model, in: start.duration(to: .now))
      return true
    } catch {
      if isCancelled.load(ordering: .relaxed) { return nil }
      registry.set(entry.name, version.number, to: .failed("\(error)"))
      log.error(
        "not loaded", ("model", .text(entry.name)), ("version", .integer(version.number)),
        ("path", .text(version.path)), ("problem", .text("\(error)")))
      return false
    }
  }

  private func tellLoaded(_ model: ServedModel, in time: Duration) {
    let facts = model.facts
    var fields: [LogEntry.Field] = [
      ("model", .text(model.name)), ("version", .integer(model.version)),
      ("architecture", .text(facts.architecture)), ("weights", .text(facts.quantization)),
      ("mib", .number(Double(facts.memoryBytes) / 1_048_576)), ("ms", .number(time.milliseconds)),
    ]
    if !facts.pictures.isEmpty { fields.append(("pictures", .text(facts.pictures))) }
    log.write(.info, "loaded", fields)
  }

  /// Lets go of what is kept of a version for others.
  func forget(_ name: String, _ version: Int) {
    shared.withLock { $0.encoders[name]?[version] = nil }
  }

  private func make(_ entry: ModelDirectory.Entry, _ version: ModelDirectory.Version) throws
    -> ServedModel
  {
    let place = Place(
      model: entry.name, version: String(version.number), settings: entry.settings, engine: engine,
      metrics: figures.batching, loop: nextLoop())
    let folder = try ModelFolder.detect(version.path)
    var limits = LlamaBackend.Limits()
    limits.kvBytes = entry.settings.keyValueBytes
    limits.contextLength = entry.settings.maxContext
    var graphs = GraphOptions()
    graphs.valueBytes = entry.settings.graphBytes
    graphs.runTime = min(entry.settings.graphTime, stuckAfter)
    var told = entry.settings.graph
    if case .graph(_, let folder) = folder {
      told = told.overridden(by: try GraphSettings(folder: folder))
      graphs.quantize = told.quantize ?? .none
    }
    let loaded = try ModelLoader(
      processor: try processor(), limits: limits, graphs: graphs
    ).load(
      folder, base: { name in try encoder(name, for: version.path).backend },
      interest: self,
      progress: { _ throws(InferenceError) in
        guard !isAlive else { return }
        throw InferenceError(.cancelled, "the server is shutting down")
      })
    try trial(place) { try loaded.warmUp(for: $0) }
    let (facts, runner) =
      switch loaded {
      case .encoder(let backend): try serve(backend, entry, version, place)
      case .classifier(let backend): try serve(backend, of: version, place)
      case .rows(let backend): try serve(backend, place)
      case .language(let backend, let vocabulary):
        try serve(backend, vocabulary, of: version, place)
      case .graph(let backend): try serve(backend, told, of: version, place)
      }
    try entry.settings.check(against: facts, of: place.name)
    return ServedModel(
      name: entry.name, version: version.number, facts: facts, runner: runner,
      cache: plan(entry),
      breaker: VersionBreaker(
        model: place.model, version: place.version, settings: entry.settings.breaker,
        metrics: figures.breakers, log: log),
      metrics: VersionMetrics(
        figures.requests, model: entry.name, version: place.version,
        generates: facts.task == .generation, gone: gone))
  }

  /// Has a version compute on the engine, in turn with the models that already answer.
  func trial(_ place: Place, _ run: @escaping @Sendable (any Interest) throws -> Void) throws {
    let lane = engine.lane(place.name)
    try lane.runAndWait { try run(TrialRun(loading: self, lane: lane)) }
  }

  private func plan(_ entry: ModelDirectory.Entry) -> CachePlan? {
    guard entry.settings.caches else { return nil }
    return CachePlan(
      lifetime: entry.settings.cacheLifetime, isPerKey: entry.settings.cachesPerKey,
      figures: figures.cache.counters(of: entry.name))
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

  // MARK: Encoders that heads stand on

  func keep(_ encoder: Encoder, _ name: String, _ version: Int) {
    shared.withLock { $0.encoders[name, default: [:]][version] = encoder }
  }

  func tokenizer(of backend: EncoderBackend, for path: String) throws(ModelError)
    -> WordPieceTokenizer
  {
    let found = shared.withLock { shared in
      shared.encoders.values.lazy.flatMap(\.values).first { $0.backend === backend }
    }
    guard let found else { throw ModelError(.unsupported, path, "its encoder has no tokenizer") }
    return found.tokenizer
  }

  /// The newest version of an encoder that is loaded.
  ///
  /// - Throws: where there is no such encoder, with the reason why it was not loaded.
  private func encoder(_ name: String, for path: String) throws(ModelError) -> Encoder {
    let newest = shared.withLock { $0.encoders[name]?.max { $0.key < $1.key }?.value }
    if let newest { return newest }
    let reason =
      switch registry.standings.first(where: { $0.name == name })?.standing {
      case .failed(let failure):
        "its base, the encoder `\(name)`, could not be loaded: \(failure)"
      case .ready, .loading: "its base `\(name)` is no encoder"
      case .unloaded: "its base, the encoder `\(name)`, is not loaded"
      case nil: "its base, the encoder `\(name)`, is not there; put it beside this model"
      }
    throw ModelError(.unsupported, "\(path)/head.json", reason)
  }
}

/// A model's first run: it ends with the loading, and gives way to the models that answer.
private final class TrialRun: Interest {
  private let loading: any Interest
  private let lane: EngineLane

  init(loading: any Interest, lane: EngineLane) {
    self.loading = loading
    self.lane = lane
  }

  var isAlive: Bool { loading.isAlive }

  func giveWay() -> Duration { lane.giveWay(after: EngineTurn.shared) }
}
