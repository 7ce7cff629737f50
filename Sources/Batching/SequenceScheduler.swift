package import Inference

/// Continuous batching for one language model: every step is formed from all running sequences
/// and a piece of a waiting prompt.
package actor SequenceScheduler {
  private let executor: BatchExecutor
  private let lane: EngineLane
  private let backend: any SequenceBackend

  /// - Parameter executor: where the scheduler lives: the loop whose handlers call it.
  package init(
    name: String, backend: any SequenceBackend, engine: Engine, executor: BatchExecutor,
    clock: any BatchClock, options: SequenceOptions = SequenceOptions(),
    observer: (any SequenceObserver)? = nil
  ) {
    self.executor = executor
    self.backend = backend
    lane = engine.lane(name)
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  /// Queues a sequence; its tokens come on the stream.
  ///
  /// - Throws: `BatchingError`: `queueFull` with advice, `tooLarge` for a prompt that leaves no
  ///   room in the context, `invalidRequest`, `deadlineExceeded`, `stopped`.
  package func generate(_ request: GenerationRequest) throws -> TokenStream {
    throw BatchingError.stopped
  }
}
