package import Inference

/// Continuous batching for one language model: every step is formed from all running sequences
/// and a piece of a waiting prompt (Orca, OSDI 2022).
///
///     generate ─▶ policy ─▶ pump ──step──▶ engine lane
///                   ▲         │◀──one hop─────┘
///      slow reader, └─events──┴──▶ token channels ─▶ readers
///      finish, cancel
///
/// While a step is being computed the scheduler takes in arrivals and endings; what has ended is
/// in no later step.
package actor SequenceScheduler {
  nonisolated let executor: BatchExecutor
  nonisolated let clock: any BatchClock
  private let lane: EngineLane
  private let backend: any SequenceBackend
  private let observer: (any SequenceObserver)?
  private var policy: SequencePolicy
  private var channels: [Int: TokenChannel] = [:]
  private var isPumping = false
  /// The earliest wake-up asked of the clock and not yet come.
  private var alarm: ContinuousClock.Instant?
  private var reportedPreemptions = 0
  private var isStopped = false

  /// - Parameter executor: where the scheduler lives: a loop.
  package init(
    name: String, backend: any SequenceBackend, engine: Engine, executor: BatchExecutor,
    clock: any BatchClock, options: SequenceOptions = SequenceOptions(),
    observer: (any SequenceObserver)? = nil
  ) {
    self.executor = executor
    self.clock = clock
    self.backend = backend
    self.observer = observer
    lane = engine.lane(name)
    policy = SequencePolicy(
      options: options, contextLength: backend.contextLength,
      vocabularySize: backend.vocabularySize, blockTokens: backend.blockTokens,
      blockCount: backend.blockCount)
    observer?.loadChanged(
      SequenceLoad(running: 0, waiting: 0, blocksInUse: 0, blockCount: backend.blockCount))
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  package var load: SequenceLoad {
    let blocks = policy.allocator
    return SequenceLoad(
      running: policy.running.count, waiting: policy.waiting.count,
      blocksInUse: blocks.blockCount - blocks.freeCount, blockCount: blocks.blockCount)
  }

  /// Queues a sequence; its tokens come on the stream.
  ///
  /// - Throws: `BatchingError`: `queueFull` with advice, `tooLarge` for a prompt that leaves no
  ///   room in the context, `invalidRequest`, `deadlineExceeded`, `stopped`.
  package func generate(_ request: GenerationRequest) throws -> TokenStream {
    if isStopped { throw BatchingError.stopped }
    let now = clock.now()
    let id: Int
    do {
      id = try policy.arrive(request, now: now)
    } catch {
      if error.code == .queueFull { observer?.sequenceRefused() }
      throw error
    }
    let channel = TokenChannel(
      capacity: policy.options.streamBuffer, promptTokens: request.prompt.count, arrival: now)
    channels[id] = channel
    observer?.loadChanged(load)
    startPump()
    return TokenStream(id: id, channel: channel, scheduler: self)
  }

  // MARK: Word from readers

  nonisolated func resumeSoon(_ id: Int) {
    Task(executorPreference: executor) { await self.resume(id) }
  }

  private func resume(_ id: Int) {
    policy.setPaused(id, false)
    startPump()
  }

  nonisolated func removeSoon(_ id: Int, _ reason: FinishReason) {
    Task(executorPreference: executor) { await self.remove(id, reason) }
  }

  private func remove(_ id: Int, _ reason: FinishReason) {
    channels[id] = nil
    guard let summary = policy.remove(id, reason, now: clock.now()) else { return }
    observer?.sequenceFinished(summary)
    observer?.loadChanged(load)
    startPump()  // Its blocks may be what another waits for.
  }

  // MARK: The pump

  private func startPump() {
    if isPumping || isStopped { return }
    isPumping = true
    Task(executorPreference: executor) { await self.pump() }
  }

  private func pump() async {
    while true {
      let now = clock.now()
      let expired = policy.expire(now: now)
      perform(expired)
      if !expired.isEmpty { observer?.loadChanged(load) }
      guard let step = policy.plan(now: now, isContended: lane.isContended) else {
        isPumping = false
        if let deadline = policy.earliestDeadline { setAlarm(at: deadline) }
        return
      }
      guard await compute(step) else { return stop() }
    }
  }

  /// - Returns: false when the engine takes no more work.
  private func compute(_ step: SequenceStep) async -> Bool {
    let backend = backend
    let clock = clock
    do {
      let computed = try await lane.run(comesBack: step.comesBack) { [slices = step.slices] in
        ComputedStep(slices, on: backend, clock: clock)
      }
      let compute = computed.start.duration(to: computed.end)
      let events = policy.complete(
        computed.outcomes, duration: computed.isRetried ? nil : compute, now: clock.now())
      perform(events)
      report(step, events, compute)
      return true
    } catch {
      return false
    }
  }

  private func perform(_ events: [SequenceEvent]) {
    for event in events {
      switch event {
      case .token(let id, let token, let queued, let sinceArrival):
        let isFull = channels[id]?.send(token, queued: queued, sinceArrival: sinceArrival)
        if isFull == true { policy.setPaused(id, true) }
      case .ended(let id, let summary):
        channels.removeValue(forKey: id)?.end(.summary(summary))
        observer?.sequenceFinished(summary)
      case .failed(let id, let error):
        channels.removeValue(forKey: id)?.end(.failure(error))
        observer?.sequenceFailed()
      }
    }
  }

  private func report(_ step: SequenceStep, _ events: [SequenceEvent], _ compute: Duration) {
    guard let observer else { return }
    let generated = events.count { if case .token = $0 { true } else { false } }
    observer.stepComputed(
      SequenceStepReport(
        sequences: step.slices.count, tokens: step.tokens, generated: generated,
        compute: compute, tokenGaps: policy.tokenGaps,
        preempted: policy.preemptions - reportedPreemptions))
    reportedPreemptions = policy.preemptions
    observer.loadChanged(load)
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
    startPump()
  }

  /// The engine takes no more work: nothing will ever be computed.
  private func stop() {
    isStopped = true
    let now = clock.now()
    for (id, channel) in channels {
      policy.remove(id, .cancelled, now: now)
      channel.end(.failure(.stopped))
    }
    channels = [:]
  }
}
