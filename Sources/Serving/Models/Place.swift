internal import Batching
internal import EventLoop
internal import Inference

/// Where a model version lives: its lane on the engine, the loop of its batcher, its limits.
struct Place {
  let name: String
  let engine: Engine
  let loop: EventLoop
  let settings: ModelSettings

  func batcher<Backend: BatchBackend>(_ backend: Backend) -> DynamicBatcher<Backend> {
    var options = BatchOptions()
    options.maxBatchRows = settings.maxBatchRows
    options.maxBatchTokens = settings.maxBatchTokens ?? 4096
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
