internal import Batching
internal import EventLoop
internal import Inference

/// Where a model version lives: its lane on the engine, the loop of its batcher, its limits, its
/// figures.
struct Place {
  let model: String
  let version: String
  let settings: ModelSettings
  let engine: Engine
  let metrics: BatchingMetrics
  let loop: EventLoop

  /// What the engine and the log call it.
  var name: String { "\(model)/\(version)" }

  /// A text longer than a whole batch could never be computed, nor a request larger than the queue.
  ///
  /// - Parameter tokens: most of one instance.
  func checkBatch(tokens: Int) throws(ConfigurationError) {
    let file = "model.yaml of \(name)"
    let most = settings.maxBatchTokens ?? BatchOptions().maxBatchTokens
    guard most >= tokens else {
      throw ConfigurationError(
        file: file,
        "max_batch_tokens: \(most) is less than the model's longest text, \(tokens) tokens")
    }
    guard settings.queueLimit >= settings.maxInstances else {
      throw ConfigurationError(
        file: file,
        "queue_limit: \(settings.queueLimit) is less than max_instances, "
          + "\(settings.maxInstances): a whole request could never wait")
    }
    let whole = settings.maxInstances * tokens
    if let queue = settings.queueTokens, queue < whole {
      throw ConfigurationError(
        file: file,
        "queue_tokens: \(queue) is less than \(whole), the tokens of max_instances of the longest "
          + "texts: a whole request could never wait")
    }
  }

  /// The key of model.yaml that bounds a context of so many tokens.
  func contextBound(_ tokens: Int) -> String {
    tokens == settings.maxContext ? "max_context" : "kv_cache"
  }

  /// - Parameter tokens: most of one instance.
  func batcher<Backend: BatchBackend>(_ backend: Backend, tokens: Int) -> DynamicBatcher<Backend> {
    var options = BatchOptions()
    options.maxBatchInputs = settings.maxBatchInstances
    if let tokens = settings.maxBatchTokens { options.maxBatchTokens = tokens }
    options.maxQueueDelay = settings.maxQueueDelay
    options.engineSlice = settings.engineSlice
    options.maxQueueInputs = settings.queueLimit
    // A whole request of the longest texts fits in any case.
    options.maxQueueTokens =
      settings.queueTokens ?? max(options.maxQueueTokens, settings.maxInstances * tokens)
    return DynamicBatcher(
      name: name, backend: backend, engine: engine, executor: loop, clock: LoopClock(loop: loop),
      options: options, observer: metrics.batches(model: model, version: version))
  }

  func scheduler(_ backend: any SequenceBackend) -> SequenceScheduler {
    var options = SequenceOptions()
    if let tokens = settings.maxBatchTokens { options.maxStepTokens = tokens }
    options.engineSlice = settings.engineSlice
    options.maxRunning = min(settings.maxSequences, options.maxStepTokens)
    options.maxWaiting = settings.queueLimit
    if let tokens = settings.queueTokens { options.maxWaitingTokens = tokens }
    options.streamBuffer = settings.streamBuffer
    return SequenceScheduler(
      name: name, backend: backend, engine: engine, executor: loop, clock: LoopClock(loop: loop),
      options: options, observer: metrics.sequences(model: model, version: version))
  }
}
