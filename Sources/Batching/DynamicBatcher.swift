package import Inference

/// Forms batches of one model's inputs and has the engine compute them.
///
///     submit ─▶ policy ─▶ pump ──whole batch──▶ engine lane
///        ▲                  │◀───────one hop──────┘
///        └──── answers ─────┘
///
/// It lives on the executor of the handlers that call it (a loop): submitting, forming batches and
/// handing out answers cross no thread; a batch crosses two, there and back.
package actor DynamicBatcher<Backend: BatchBackend> {
  package typealias Input = Backend.Input
  package typealias Answer = BatchAnswer<Backend.Output>

  typealias Ticket = SlotTable<Entry>.Ticket

  /// An input that waits or is being computed.
  struct Entry {
    var input: Input?
    var arrival: ContinuousClock.Instant
    /// Nil only between `reserve` and `start`.
    var answer: Addressee?
  }

  enum Addressee {
    case one(Promise<Answer>)
    case group(SlotTable<Group>.Ticket, row: Int)
  }

  /// The inputs of one request submitted together.
  struct Group {
    var promise: Promise<[Answer]>?
    var answers: [Answer?]
    var missing: Int
    var members: [Ticket] = []
  }

  nonisolated let executor: BatchExecutor
  nonisolated let backend: Backend
  private let lane: EngineLane
  private let clock: any BatchClock
  private let observer: (any BatchObserver)?
  private var policy: BatchPolicy
  var entries = SlotTable<Entry>()
  var groups = SlotTable<Group>()
  private var isPumping = false
  /// The earliest wake-up asked of the clock and not yet come.
  private var alarm: ContinuousClock.Instant?
  private var isStopped = false

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
    self.clock = clock
    self.observer = observer
    lane = engine.lane(name)
    policy = BatchPolicy(options: options)
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  /// Rows and tokens waiting for a batch; for metrics.
  package var waiting: (rows: Int, tokens: Int) { (policy.waitingRows, policy.waitingTokens) }

  /// Inputs not answered yet, waiting or being computed, and the requests of several among them.
  var unanswered: (inputs: Int, groups: Int) { (entries.count, groups.count) }

  // MARK: Arrivals

  /// Checks one request against the bounds, and counts it as dropped when it is refused.
  func admit(
    rows: Int, tokens: Int, largest: Int, deadline: ContinuousClock.Instant?
  ) throws(BatchingError) -> ContinuousClock.Instant {
    if isStopped { throw .stopped }
    let now = clock.now()
    do throws(BatchingError) {
      try policy.check(rows: rows, tokens: tokens, largest: largest, deadline: deadline, now: now)
    } catch {
      if error.code == .queueFull {
        observer?.entriesDropped(rows, reason: .queueFull)
      } else if let deadline, error.code == .deadlineExceeded {
        observer?.entriesDropped(rows, reason: deadline <= now ? .expired : .hopeless)
      }
      throw error
    }
    return now
  }

  func enqueue(
    _ ticket: Ticket, cost: Int, deadline: ContinuousClock.Instant?,
    arrival: ContinuousClock.Instant
  ) {
    policy.enqueue(ticket.index, cost: cost, deadline: deadline, now: arrival)
    startPump()
  }

  /// Takes an entry out wherever it is; nil when it has been answered already. What the engine
  /// computes for it is then thrown away.
  func withdraw(_ ticket: Ticket) -> Entry? {
    guard let entry = entries.remove(ticket) else { return nil }
    policy.cancel(ticket.index)
    return entry
  }

  func countCancelled(_ count: Int) {
    observer?.entriesDropped(count, reason: .cancelled)
  }

  // MARK: The pump

  /// The pump runs behind what the loop already has to do, so an idle engine's first batch takes
  /// along all requests that came with this turn of the loop.
  private func startPump() {
    if isPumping { return }
    isPumping = true
    Task(executorPreference: executor) { await self.pump() }
  }

  private func pump() async {
    while true {
      let now = clock.now()
      drop(policy.expire(now: now))
      switch policy.next(now: now) {
      case .idle, .busy:
        isPumping = false
        return
      case .wait(let until):
        isPumping = false
        setAlarm(at: until)
        return
      case .run(let indices, let tokens):
        let tickets = indices.map { entries.ticket(at: $0) }
        var inputs: [Input] = []
        inputs.reserveCapacity(tickets.count)
        for ticket in tickets {
          if let input = entries.update(ticket, { $0.input.take() }) ?? nil {
            inputs.append(input)
          }
        }
        await compute(inputs, for: tickets, tokens: tokens)
      }
    }
  }

  private func compute(_ inputs: [Input], for tickets: [Ticket], tokens: Int) async {
    let backend = backend
    let clock = clock
    do {
      let batch = try await lane.run { [inputs] in
        ComputedBatch.compute(inputs, on: backend, clock: clock)
      }
      deliver(batch, to: tickets, tokens: tokens)
    } catch {
      policy.finished(duration: nil)
      fail(tickets, with: error)
      stop()
    }
  }

  private func deliver(_ batch: ComputedBatch<Backend.Output>, to tickets: [Ticket], tokens: Int) {
    let compute = batch.start.duration(to: batch.end)
    var failures = 0
    var oldest = batch.start
    for (row, ticket) in tickets.enumerated() {
      guard let entry = entries.remove(ticket) else { continue }  // Cancelled meanwhile.
      oldest = min(oldest, entry.arrival)
      let answer = { (output: Backend.Output) in
        Answer(
          output: output, queued: entry.arrival.duration(to: batch.start), compute: compute,
          batchSize: tickets.count)
      }
      switch batch.outcome {
      case .outputs(let outputs): resume(entry.answer, with: answer(outputs[row]))
      case .singly(let results):
        switch results[row] {
        case .success(let output): resume(entry.answer, with: answer(output))
        case .failure(let error):
          failures += 1
          resume(entry.answer, throwing: error)
        }
      }
    }
    if case .outputs = batch.outcome {
      policy.finished(duration: compute)
    } else {
      policy.finished(duration: nil)
    }
    observer?.batchComputed(
      BatchReport(
        rows: tickets.count, tokens: tokens, queued: oldest.duration(to: batch.start), compute: compute,
        failures: failures))
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

  // MARK: Endings

  private func drop(_ expired: [Int]) {
    if expired.isEmpty { return }
    observer?.entriesDropped(expired.count, reason: .expired)
    for index in expired {
      if let entry = entries.remove(entries.ticket(at: index)) {
        resume(entry.answer, throwing: BatchingError.expired)
      }
    }
  }

  private func fail(_ tickets: [Ticket], with error: any Error) {
    for ticket in tickets {
      if let entry = entries.remove(ticket) { resume(entry.answer, throwing: error) }
    }
  }

  /// The engine takes no more work: nothing that waits will ever be computed.
  private func stop() {
    isStopped = true
    while case .run(let indices, _) = policy.next(now: clock.now()) {
      policy.finished(duration: nil)
      fail(indices.map { entries.ticket(at: $0) }, with: BatchingError.stopped)
    }
  }

  private func resume(_ addressee: Addressee?, with answer: Answer) {
    switch addressee {
    case .one(let promise): promise.succeed(answer)
    case .group(let group, let row): complete(group, row: row, with: answer)
    case nil: break
    }
  }

  func resume(_ addressee: Addressee?, throwing error: any Error) {
    switch addressee {
    case .one(let promise): promise.fail(error)
    case .group(let group, _): fail(group, with: error)
    case nil: break
    }
  }
}
