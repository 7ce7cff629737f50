package import Inference

/// Forms batches of one model's inputs and has the engine compute them.
///
/// The typed face of `BatchScheduler`, an actor that lives on one loop: for handlers on that loop,
/// submitting, forming batches and handing out answers cross no thread; those on others come over
/// and go back. A batch crosses to the engine and back.
package struct DynamicBatcher<Backend: BatchBackend>: Sendable {
  package typealias Input = Backend.Input
  package typealias Answer = BatchAnswer<Backend.Output>

  let scheduler: BatchScheduler
  let backend: Backend

  /// - Parameters:
  ///   - executor: where the batcher lives: a loop.
  ///   - observer: told of batches and drops; for metrics.
  package init(
    name: String, backend: Backend, engine: Engine, executor: BatchExecutor,
    clock: any BatchClock, options: BatchOptions = BatchOptions(),
    observer: (any BatchObserver)? = nil
  ) {
    self.backend = backend
    let turn = BatchTurn(
      lane: engine.lane(name), clock: clock, length: max(options.engineSlice, EngineTurn.alone),
      slice: options.engineSlice)
    scheduler = BatchScheduler(
      lane: turn.lane, executor: executor, clock: clock, options: options,
      observer: observer
    ) { batch, kept in
      TypedBatchInput<Backend>.compute(batch, kept: kept, on: backend, turn)
    }
  }

  /// Has one input computed in some batch. Cheapest when called on the batcher's own executor.
  ///
  /// - Parameters:
  ///   - deadline: when the answer is of no use any more.
  ///   - queueTimeout: how long it may wait for its computation to begin.
  ///   - waited: how much of that is over.
  /// - Throws: `BatchingError`; `CancellationError` when the task is cancelled before the answer.
  package func submit(
    _ input: Input, deadline: ContinuousClock.Instant? = nil, queueTimeout: Duration? = nil,
    waited: Duration = .zero
  ) async throws -> Answer {
    let input = queued(input, deadline, queueTimeout, waited)
    return try input.answer(try await scheduler.submit(input))
  }

  /// Has the inputs of one request computed, in one batch or several; answers in their order.
  /// All are queued or none; the first that fails fails the request and drops the rest.
  package func submit(
    all inputs: [Input], deadline: ContinuousClock.Instant? = nil, queueTimeout: Duration? = nil,
    waited: Duration = .zero
  ) async throws -> [Answer] {
    if inputs.isEmpty { return [] }
    let inputs = inputs.map { queued($0, deadline, queueTimeout, waited) }
    let timings = try await scheduler.submit(all: inputs)
    return try zip(inputs, timings).map { try $0.answer($1) }
  }

  private func queued(
    _ input: Input, _ deadline: ContinuousClock.Instant?, _ queueTimeout: Duration?,
    _ waited: Duration
  ) -> TypedBatchInput<Backend> {
    TypedBatchInput(
      input, cost: backend.cost(of: input), deadline: deadline, queueTimeout: queueTimeout,
      waited: waited)
  }

  /// Inputs and tokens waiting for a batch; for metrics.
  package var waiting: (inputs: Int, tokens: Int) {
    get async { await scheduler.waiting }
  }

  /// Inputs not answered yet, waiting or being computed, and the requests of several among them.
  var unanswered: (inputs: Int, groups: Int) {
    get async { await scheduler.unanswered }
  }
}
