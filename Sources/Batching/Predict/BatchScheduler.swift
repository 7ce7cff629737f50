/// The actor behind a `DynamicBatcher`: takes inputs in, forms batches, has the engine compute
/// them, and hands the timings of the answers out.
///
///     submit ─▶ queue ─▶ pump ──whole batch──▶ engine lane
///        ▲                 │◀──────one hop───────┘
///        └──── answers ────┘
///
/// It knows nothing of a model's types: code that every request runs through must not be generic,
/// or it looks up types at run time (2 µs a request were measured).
actor BatchScheduler {
  nonisolated let executor: BatchExecutor
  nonisolated let clock: any BatchClock
  private let lane: EngineLane
  private let compute: @Sendable ([BatchInput], _ kept: [Int]) -> BatchOutcome
  private var queue: BatchQueue
  private var isPumping = false
  /// The earliest wake-up asked of the clock and not yet come.
  private var alarm: ContinuousClock.Instant?
  private var isStopped = false

  /// - Parameter compute: called on the engine's thread with the inputs of one batch, and the
  ///   indices of those to be computed.
  init(
    lane: EngineLane, executor: BatchExecutor, clock: any BatchClock, options: BatchOptions,
    observer: (any BatchObserver)?,
    compute: @escaping @Sendable ([BatchInput], _ kept: [Int]) -> BatchOutcome
  ) {
    self.lane = lane
    self.executor = executor
    self.clock = clock
    self.compute = compute
    queue = BatchQueue(options: options, observer: observer)
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  var waiting: (inputs: Int, tokens: Int) {
    (queue.policy.waitingInputs, queue.policy.waitingTokens)
  }

  var unanswered: (inputs: Int, groups: Int) { (queue.entries.count, queue.groups.count) }

  // MARK: One input

  nonisolated func submit(_ input: BatchInput) async throws -> BatchTiming {
    try await withTaskCancellationHandler {
      try await Promise.wait { promise in
        // Asked here, where nothing is awaited any more: a task that comes back from an actor on
        // another loop may go on over there until it awaits something.
        if executor.isIsolatingCurrentContext() == true {
          assumeIsolated { $0.start(input, promise, isCancelled: Task.isCancelled) }
        } else {
          startSoon(input, promise)
        }
      }
    } onCancel: {
      cancelSoon(input)
    }
  }

  /// From another loop's thread.
  private nonisolated func startSoon(_ input: BatchInput, _ promise: Promise<BatchTiming>) {
    Task(executorPreference: executor) { await self.start(input, promise, isCancelled: false) }
    // Whoever cancelled before may have come to the executor first.
    if Task.isCancelled { cancelSoon(input) }
  }

  private func start(
    _ input: BatchInput, _ promise: Promise<BatchTiming>, isCancelled: Bool
  ) {
    if isStopped { return promise.fail(BatchingError.stopped) }
    if isCancelled { return promise.fail(CancellationError()) }
    do throws(BatchingError) {
      try queue.add(input, promise: promise, now: clock.now())
      startPump()
    } catch {
      promise.fail(error)
    }
  }

  private nonisolated func cancelSoon(_ input: BatchInput) {
    Task(executorPreference: executor) { await self.cancel(input) }
  }

  private func cancel(_ input: BatchInput) { queue.cancel(input, now: clock.now()) }

  // MARK: Several inputs

  func submit(all inputs: [BatchInput]) async throws -> [BatchTiming] {
    let group = BatchGroup()
    return try await withTaskCancellationHandler {
      try await Promise.wait { promise in
        start(group, inputs, promise, isCancelled: Task.isCancelled)
      }
    } onCancel: {
      Task(executorPreference: executor) { await self.cancel(group) }
    }
  }

  private func start(
    _ group: BatchGroup, _ inputs: [BatchInput], _ promise: Promise<[BatchTiming]>,
    isCancelled: Bool
  ) {
    if isStopped { return promise.fail(BatchingError.stopped) }
    if isCancelled { return promise.fail(CancellationError()) }
    do throws(BatchingError) {
      try queue.add(group, inputs, promise: promise, now: clock.now())
      startPump()
    } catch {
      promise.fail(error)
    }
  }

  private func cancel(_ group: BatchGroup) { queue.cancel(group, now: clock.now()) }

  // MARK: The pump

  /// The pump runs behind what the loop already has to do, so an idle engine's first batch takes
  /// along all requests that came with this turn of the loop.
  private func startPump() {
    if isPumping {
      // What waits for a long batch is told of its deadline in time all the same.
      if let deadline = queue.policy.earliestDeadline { setAlarm(at: deadline) }
      return
    }
    isPumping = true
    Task(executorPreference: executor) { await self.pump() }
  }

  private func pump() async {
    while true {
      switch queue.next(now: clock.now(), isContended: lane.isContended) {
      case (_, let batch?):
        await run(batch)
      case (.wait(let until), nil):
        isPumping = false
        setAlarm(at: until)
        return
      case (_, nil):
        isPumping = false
        return
      }
    }
  }

  private func run(_ batch: BatchQueue.FormedBatch) async {
    do {
      let comesBack = queue.policy.waitingInputs > 0
      let computed = try await lane.run(comesBack: comesBack) {
        [compute, clock, inputs = batch.inputs] in
        ComputedBatch(inputs, clock: clock) { compute(inputs, $0) }
      }
      queue.deliver(computed, for: batch)
    } catch {
      isStopped = true
      queue.stop(batch, now: clock.now(), error: error)
    }
  }

  private func setAlarm(at instant: ContinuousClock.Instant) {
    if let alarm, alarm <= instant { return }
    alarm = instant
    clock.schedule(at: instant) { [weak self, executor] in
      Task(executorPreference: executor) { await self?.wake(at: instant) }
    }
  }

  private func wake(at instant: ContinuousClock.Instant) {
    if alarm == instant { alarm = nil }
    queue.dropExpired(now: clock.now())
    startPump()
  }
}
