/// The actor behind a `DynamicBatcher`: takes rows in, forms batches, has the engine compute them,
/// and hands the places of the answers out.
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
  private let compute: @Sendable ([BatchRow]) -> BatchFailures
  private var queue: BatchQueue
  private var isPumping = false
  /// The earliest wake-up asked of the clock and not yet come.
  private var alarm: ContinuousClock.Instant?
  private var isStopped = false

  /// - Parameter compute: called on the engine's thread with the rows of one batch.
  init(
    lane: EngineLane, executor: BatchExecutor, clock: any BatchClock, options: BatchOptions,
    observer: (any BatchObserver)?, compute: @escaping @Sendable ([BatchRow]) -> BatchFailures
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

  var waiting: (rows: Int, tokens: Int) { (queue.policy.waitingRows, queue.policy.waitingTokens) }

  var unanswered: (inputs: Int, groups: Int) { (queue.entries.count, queue.groups.count) }

  // MARK: One input

  nonisolated func submit(
    _ row: BatchRow
  ) async throws -> BatchPlace {
    guard executor.isIsolatingCurrentContext() == true else {
      return try await submitFromElsewhere(row)
    }
    // Here already, in a task that is not isolated to this actor: no switch there and back.
    return try await withTaskCancellationHandler {
      try await Promise.wait { promise in
        let isCancelled = Task.isCancelled
        assumeIsolated { $0.start(row, promise, isCancelled: isCancelled) }
      }
    } onCancel: {
      cancelSoon(row)
    }
  }

  private func submitFromElsewhere(
    _ row: BatchRow
  ) async throws -> BatchPlace {
    try await withTaskCancellationHandler {
      try await Promise.wait { promise in
        start(row, promise, isCancelled: Task.isCancelled)
      }
    } onCancel: {
      cancelSoon(row)
    }
  }

  private func start(
    _ row: BatchRow, _ promise: Promise<BatchPlace>, isCancelled: Bool
  ) {
    if isStopped { return promise.fail(BatchingError.stopped) }
    if isCancelled { return promise.fail(CancellationError()) }
    do throws(BatchingError) {
      try queue.add(row, promise: promise, now: clock.now())
      startPump()
    } catch {
      promise.fail(error)
    }
  }

  private nonisolated func cancelSoon(_ row: BatchRow) {
    Task(executorPreference: executor) { await self.cancel(row) }
  }

  private func cancel(_ row: BatchRow) { queue.cancel(row) }

  // MARK: Several inputs

  func submit(all rows: [BatchRow]) async throws -> [BatchPlace] {
    let group = BatchGroup()
    return try await withTaskCancellationHandler {
      try await Promise.wait { promise in
        start(group, rows, promise, isCancelled: Task.isCancelled)
      }
    } onCancel: {
      Task(executorPreference: executor) { await self.cancel(group) }
    }
  }

  private func start(
    _ group: BatchGroup, _ rows: [BatchRow], _ promise: Promise<[BatchPlace]>, isCancelled: Bool
  ) {
    if isStopped { return promise.fail(BatchingError.stopped) }
    if isCancelled { return promise.fail(CancellationError()) }
    do throws(BatchingError) {
      try queue.add(group, rows, promise: promise, now: clock.now())
      startPump()
    } catch {
      promise.fail(error)
    }
  }

  private func cancel(_ group: BatchGroup) { queue.cancel(group) }

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
      let comesBack = queue.policy.waitingRows > 0
      let computed = try await lane.run(comesBack: comesBack) {
        [compute, clock, rows = batch.rows] in
        ComputedBatch(rows, clock: clock, compute: compute)
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
