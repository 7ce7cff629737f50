internal import Batching
internal import EventLoop
internal import Inference

/// Where a model version lives: its lane on the engine, the loop of its batcher, its limits.
struct Place {
  let name: String
  let engine: Engine
  let loop: EventLoop
  let settings: ModelSettings

  /// Default of `max_batch_tokens` for models that are no language models.
  static let batchTokens = 4096

  /// A text longer than a whole batch could never be computed.
  func checkBatch(holds tokens: Int) throws(ConfigurationError) {
    let most = settings.maxBatchTokens ?? Place.batchTokens
    guard most < tokens else { return }
    throw ConfigurationError(
      file: "model.yaml of \(name)",
      "max_batch_tokens: \(most) is less than the model's longest text, \(tokens) tokens")
  }

  func batcher<Backend: BatchBackend>(_ backend: Backend) -> DynamicBatcher<Backend> {
    var options = BatchOptions()
    options.maxBatchRows = settings.maxBatchRows
    options.maxBatchTokens = settings.maxBatchTokens ?? Place.batchTokens
    options.maxQueueDelay = settings.maxQueueDelay
    options.maxQueueRows = settings.queueLimit
    return DynamicBatcher(
      name: name, backend: backend, engine: engine, executor: loop, clock: LoopClock(loop: loop),
      options: options)
  }

  func scheduler(_ backend: any SequenceBackend) -> SequenceScheduler {
    var options = SequenceOptions()
    options.maxStepTokens = settings.maxBatchTokens ?? 256
    options.maxRunning = min(settings.maxSequences, options.maxStepTokens)
    options.maxWaiting = settings.queueLimit
    return SequenceScheduler(
      name: name, backend: backend, engine: engine, executor: loop, clock: LoopClock(loop: loop),
      options: options)
  }
}
