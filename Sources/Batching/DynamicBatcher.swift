package import Inference

/// Forms batches of one model's inputs and has the engine compute them.
package actor DynamicBatcher<Backend: BatchBackend> {
  package typealias Input = Backend.Input
  package typealias Answer = BatchAnswer<Backend.Output>

  private let executor: BatchExecutor
  private let lane: EngineLane
  private let backend: Backend

  /// - Parameters:
  ///   - executor: where the batcher lives: the loop whose handlers call it.
  ///   - observer: told of batches and drops; for metrics.
  package init(
    name: String, backend: Backend, engine: Engine, executor: BatchExecutor,
    clock: any BatchClock, options: BatchOptions = BatchOptions(),
    observer: (any BatchObserver)? = nil
  ) {
    self.executor = executor
    self.backend = backend
    lane = engine.lane(name)
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  /// Has one input computed in some batch. Cheapest when called on the batcher's own executor.
  ///
  /// - Throws: `BatchingError`; `CancellationError` when the task is cancelled before the answer.
  package nonisolated func submit(
    _ input: Input, deadline: ContinuousClock.Instant? = nil
  ) async throws -> Answer {
    throw BatchingError.stopped
  }

  /// Has the inputs of one request computed, in one batch or several; answers in their order.
  /// All are queued or none; the first that fails fails the request and drops the rest.
  package nonisolated func submit(
    all inputs: [Input], deadline: ContinuousClock.Instant? = nil
  ) async throws -> [Answer] {
    throw BatchingError.stopped
  }
}
