/// The inputs of one request submitted together, as its submitter knows it.
///
/// `@unchecked Sendable`: the scheduler's executor alone touches `ticket`.
final class BatchGroup: @unchecked Sendable {
  var ticket: BatchQueue.GroupTicket?
}

/// What waits for an answer and who waits for it: the storage between the batcher's shell and its
/// policy.
///
/// Each promise is kept in one slot, and whoever takes it out of the slot (an answer, a failure, a
/// cancellation) resumes it: exactly once.
struct BatchQueue {
  typealias Ticket = SlotTable<Entry>.Ticket
  typealias GroupTicket = SlotTable<Group>.Ticket

  /// An input that waits or is being computed.
  struct Entry {
    var input: BatchInput
    var arrival: ContinuousClock.Instant
    var addressee: Addressee
  }

  enum Addressee {
    case one(Promise<BatchTiming>)
    case group(GroupTicket, member: Int)
  }

  /// The inputs of one request submitted together.
  struct Group {
    var promise: Promise<[BatchTiming]>
    var timings: [BatchTiming?]
    /// What its inputs cost together.
    var tokens: Int
    /// Inputs not answered yet.
    var missing: Int
    var members: [Ticket] = []
  }

  struct FormedBatch {
    var tickets: [Ticket]
    var inputs: [BatchInput]
    var tokens: Int
  }

  private(set) var policy: BatchPolicy
  private(set) var entries = SlotTable<Entry>()
  private(set) var groups = SlotTable<Group>()
  private let observer: (any BatchObserver)?

  init(options: BatchOptions, observer: (any BatchObserver)?) {
    policy = BatchPolicy(options: options)
    self.observer = observer
  }

  // MARK: Arrivals

  /// Checks one request against the bounds, and counts it as dropped when it is refused.
  func admit(
    inputs: Int, tokens: Int, largest: Int, deadline: ContinuousClock.Instant?,
    queueTimeout: Duration?, now: ContinuousClock.Instant
  ) throws(BatchingError) {
    do throws(BatchingError) {
      try policy.check(
        inputs: inputs, tokens: tokens, largest: largest, deadline: deadline,
        queueTimeout: queueTimeout, now: now)
    } catch {
      switch error.code {
      case .queueFull: observer?.inputsDropped(inputs, reason: .queueFull)
      case .hopeless: observer?.inputsDropped(inputs, reason: .hopeless)
      case .queueTimeout: observer?.inputsDropped(inputs, reason: .queueTimeout)
      case .deadlineExceeded: observer?.inputsDropped(inputs, reason: .expired)
      default: break
      }
      throw error
    }
  }

  mutating func add(
    _ input: BatchInput, promise: Promise<BatchTiming>, now: ContinuousClock.Instant
  ) throws(BatchingError) {
    try admit(
      inputs: 1, tokens: input.cost, largest: input.cost, deadline: input.deadline,
      queueTimeout: input.queueTimeout, now: now)
    input.ticket = enqueue(input, .one(promise), now)
    tellQueue()
  }

  /// Queues the inputs of one request, all or none.
  mutating func add(
    _ group: BatchGroup, _ inputs: [BatchInput], promise: Promise<[BatchTiming]>,
    now: ContinuousClock.Instant
  ) throws(BatchingError) {
    let tokens = inputs.reduce(0) { $0 + $1.cost }
    try admit(
      inputs: inputs.count, tokens: tokens, largest: inputs.lazy.map(\.cost).max() ?? 1,
      deadline: inputs.lazy.compactMap(\.deadline).min(),
      queueTimeout: inputs.lazy.compactMap(\.queueTimeout).min(), now: now)
    let ticket = groups.insert(
      Group(
        promise: promise, timings: Array(repeating: nil, count: inputs.count), tokens: tokens,
        missing: inputs.count))
    group.ticket = ticket
    let members = inputs.enumerated().map { member, input in
      enqueue(input, .group(ticket, member: member), now)
    }
    groups.update(ticket) { $0.members = members }
    tellQueue()
  }

  private func tellQueue() {
    observer?.queueChanged(inputs: policy.waitingInputs, tokens: policy.waitingTokens)
  }

  private mutating func enqueue(
    _ input: BatchInput, _ addressee: Addressee, _ now: ContinuousClock.Instant
  ) -> Ticket {
    input.startBy = input.queueTimeout.map { now + $0 - input.waited }
    let ticket = entries.insert(Entry(input: input, arrival: now, addressee: addressee))
    policy.enqueue(ticket.index, cost: input.cost, deadline: input.lapses, now: now)
    return ticket
  }

  // MARK: Cancellation

  mutating func cancel(_ input: BatchInput, now: ContinuousClock.Instant) {
    guard let ticket = input.ticket else { return }
    let reason = reason([ticket], now: now)
    guard let entry = withdraw(ticket) else { return }
    observer?.inputsDropped(1, reason: .cancelled)
    tellQueue()
    resume(entry.addressee, throwing: reason)
  }

  mutating func cancel(_ group: BatchGroup, now: ContinuousClock.Instant) {
    guard let ticket = group.ticket, let members = groups[ticket]?.members else { return }
    let reason = reason(members, now: now)
    guard let group = withdraw(ticket) else { return }
    observer?.inputsDropped(group.missing, reason: .cancelled)
    tellQueue()
    group.promise.fail(reason)
  }

  /// Why a request is cancelled. A deadline that passes while the model computes is told apart, and
  /// how long it has computed: it was the model that took the time.
  private func reason(_ tickets: [Ticket], now: ContinuousClock.Instant) -> any Error {
    let late = tickets.compactMap { ticket -> BatchInput? in
      guard let input = entries[ticket]?.input, let deadline = input.deadline, deadline <= now,
        !policy.waits(ticket.index)
      else { return nil }
      return input
    }
    if late.isEmpty { return CancellationError() }
    let computed = late.compactMap { $0.computed(at: now) }.max()
    return computed.map { BatchingError.overran(after: $0) } ?? BatchingError.expired
  }

  /// Takes an entry out wherever it is; nil when it has been answered already. What the engine
  /// computes for it ends there, or is thrown away.
  private mutating func withdraw(_ ticket: Ticket) -> Entry? {
    guard let entry = entries.remove(ticket) else { return nil }
    entry.input.abandon()
    policy.cancel(ticket.index)
    return entry
  }

  /// The same for a request with all of its inputs that are not answered yet.
  private mutating func withdraw(_ ticket: GroupTicket) -> Group? {
    guard let group = groups.remove(ticket) else { return nil }
    for member in group.members { _ = withdraw(member) }
    return group
  }

  // MARK: Batches

  mutating func dropExpired(now: ContinuousClock.Instant) {
    // Tickets first: dropping one input of a request may take others of it out.
    let tickets = policy.expire(now: now).map { entries.ticket(at: $0) }
    for ticket in tickets { dropLapsed(ticket, now: now) }
    if !tickets.isEmpty { tellQueue() }
  }

  /// Answers a request with an input whose time was up before its computation began.
  private mutating func dropLapsed(_ ticket: Ticket, now: ContinuousClock.Instant) {
    guard let entry = withdraw(ticket) else { return }
    switch entry.addressee {
    case .one(let promise):
      let error = lapse(of: entry.input, requestInputs: 1, tokens: entry.input.cost, now: now)
      observer?.inputsDropped(1, reason: error.code == .queueTimeout ? .queueTimeout : .expired)
      promise.fail(error)
    case .group(let ticket, _):
      // The whole request first: what it waited for itself is no advice when to come back.
      guard let group = withdraw(ticket) else { return }
      let error = lapse(
        of: entry.input, requestInputs: group.timings.count, tokens: group.tokens, now: now)
      observer?.inputsDropped(
        group.missing, reason: error.code == .queueTimeout ? .queueTimeout : .expired)
      group.promise.fail(error)
    }
  }

  /// Why an input was not computed in time: its deadline, or its queue timeout with advice.
  ///
  /// - Parameter requestInputs: of the request it came with, which cost `tokens` together.
  private func lapse(
    of input: BatchInput, requestInputs: Int, tokens: Int, now: ContinuousClock.Instant
  ) -> BatchingError {
    guard let timeout = input.queueTimeout, input.deadline.map({ $0 > now }) ?? true else {
      return .expired
    }
    let least = policy.leastWait(inputs: requestInputs, tokens: tokens) ?? .zero
    if least > timeout { return .neverInTime(queueTimeout: timeout, least: least) }
    // It may wait behind others for as long as its own inputs leave of its timeout.
    let spare = timeout - least
    return .queueTimeout(timeout, retryAfter: policy.timeToDrain(except: spare, now: now))
  }

  /// Drops what has expired, then says what to do; a batch must be followed by `deliver` or `stop`.
  mutating func next(
    now: ContinuousClock.Instant, isContended: Bool
  ) -> (BatchPolicy.Decision, FormedBatch?) {
    dropExpired(now: now)
    let decision = policy.next(now: now, isContended: isContended)
    guard case .run(let indices, let tokens) = decision else { return (decision, nil) }
    tellQueue()
    let batch = FormedBatch(
      tickets: indices.map { entries.ticket(at: $0) },
      inputs: indices.compactMap { entries.value(at: $0)?.input }, tokens: tokens)
    return (decision, batch)
  }

  mutating func deliver(_ computed: ComputedBatch, for batch: FormedBatch) {
    let (outcome, compute) = (computed.outcome, computed.compute)
    let isWhole = !outcome.hasFailed && computed.lapsed.isEmpty
    let (unreached, abandoned) = (outcome.unreached, outcome.abandoned)
    let tokens = unreached.union(abandoned.keys).reduce(batch.tokens) {
      $0 - batch.inputs[$1].cost
    }
    let useful = abandoned.values.reduce(compute, -)
    policy.finished(duration: isWhole && tokens > 0 ? useful : nil, tokens: tokens)
    policy.putBack(
      unreached.sorted().map { batch.tickets[$0] }.filter { entries[$0] != nil }.map(\.index))
    let computedInputs = batch.tickets.count - computed.lapsed.count - unreached.count
    var oldest = computed.start
    for (index, ticket) in batch.tickets.enumerated() {
      if computed.lapsed.contains(index) {
        dropLapsed(ticket, now: computed.start)
        continue
      }
      if unreached.contains(index) { continue }
      guard let entry = entries.remove(ticket) else { continue }  // Cancelled meanwhile.
      oldest = min(oldest, entry.arrival)
      if let error = outcome.errors[index] {
        resume(entry.addressee, throwing: error)
      } else {
        resume(
          entry.addressee,
          with: BatchTiming(
            queued: entry.arrival.duration(to: computed.start) + outcome.paused, compute: compute,
            batchSize: computedInputs))
      }
    }
    tellQueue()
    guard computedInputs > 0 else { return }
    observer?.batchComputed(
      BatchReport(
        inputs: computedInputs, tokens: tokens,
        queued: oldest.duration(to: computed.start) + outcome.paused, compute: compute,
        failures: outcome.errors.count))
  }

  /// The engine takes no more work: neither this batch nor anything that waits will be computed.
  mutating func stop(_ batch: FormedBatch, now: ContinuousClock.Instant, error: any Error) {
    policy.finished(duration: nil)
    fail(batch.tickets, with: error)
    while case (.run, let batch?) = next(now: now, isContended: false) {
      policy.finished(duration: nil)
      fail(batch.tickets, with: error)
    }
  }

  // MARK: Answers

  private mutating func fail(_ tickets: [Ticket], with error: any Error) {
    for ticket in tickets {
      if let entry = entries.remove(ticket) { resume(entry.addressee, throwing: error) }
    }
  }

  private mutating func resume(_ addressee: Addressee, with timing: BatchTiming) {
    switch addressee {
    case .one(let promise): promise.succeed(timing)
    case .group(let group, let member): complete(group, member, with: timing)
    }
  }

  /// Fails the whole request.
  private mutating func resume(_ addressee: Addressee, throwing error: any Error) {
    switch addressee {
    case .one(let promise): promise.fail(error)
    case .group(let group, _): withdraw(group)?.promise.fail(error)
    }
  }

  private mutating func complete(_ ticket: GroupTicket, _ member: Int, with timing: BatchTiming) {
    let missing = groups.update(ticket) { group in
      group.timings[member] = timing
      group.missing -= 1
      return group.missing
    }
    guard missing == 0, let group = groups.remove(ticket) else { return }
    group.promise.succeed(group.timings.compactMap { $0 })
  }
}
