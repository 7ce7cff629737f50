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
    var row: BatchRow
    var arrival: ContinuousClock.Instant
    var addressee: Addressee
  }

  enum Addressee {
    case one(Promise<BatchPlace>)
    case group(GroupTicket, member: Int)
  }

  /// The inputs of one request submitted together.
  struct Group {
    var promise: Promise<[BatchPlace]>
    var places: [BatchPlace?]
    var missing: Int
    var members: [Ticket] = []
  }

  struct FormedBatch {
    var tickets: [Ticket]
    var rows: [BatchRow]
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
    rows: Int, tokens: Int, largest: Int, deadline: ContinuousClock.Instant?,
    now: ContinuousClock.Instant
  ) throws(BatchingError) {
    do throws(BatchingError) {
      try policy.check(rows: rows, tokens: tokens, largest: largest, deadline: deadline, now: now)
    } catch {
      switch error.code {
      case .queueFull: observer?.entriesDropped(rows, reason: .queueFull)
      case .hopeless: observer?.entriesDropped(rows, reason: .hopeless)
      case .deadlineExceeded: observer?.entriesDropped(rows, reason: .expired)
      default: break
      }
      throw error
    }
  }

  mutating func add(
    _ row: BatchRow, promise: Promise<BatchPlace>, now: ContinuousClock.Instant
  ) throws(BatchingError) {
    try admit(rows: 1, tokens: row.cost, largest: row.cost, deadline: row.deadline, now: now)
    row.ticket = enqueue(row, .one(promise), now)
    tellQueue()
  }

  /// Queues the inputs of one request, all or none.
  mutating func add(
    _ group: BatchGroup, _ rows: [BatchRow], promise: Promise<[BatchPlace]>,
    now: ContinuousClock.Instant
  ) throws(BatchingError) {
    try admit(
      rows: rows.count, tokens: rows.reduce(0) { $0 + $1.cost },
      largest: rows.lazy.map(\.cost).max() ?? 1,
      deadline: rows.lazy.compactMap(\.deadline).min(), now: now)
    let ticket = groups.insert(
      Group(
        promise: promise, places: Array(repeating: nil, count: rows.count), missing: rows.count))
    group.ticket = ticket
    let members = rows.enumerated().map { member, row in
      enqueue(row, .group(ticket, member: member), now)
    }
    groups.update(ticket) { $0.members = members }
    tellQueue()
  }

  private func tellQueue() {
    observer?.queueChanged(rows: policy.waitingRows, tokens: policy.waitingTokens)
  }

  private mutating func enqueue(
    _ row: BatchRow, _ addressee: Addressee, _ now: ContinuousClock.Instant
  ) -> Ticket {
    row.startBy = row.queueTimeout.map { now + $0 }
    let ticket = entries.insert(Entry(row: row, arrival: now, addressee: addressee))
    policy.enqueue(ticket.index, cost: row.cost, deadline: row.lapses, now: now)
    return ticket
  }

  // MARK: Cancellation

  mutating func cancel(_ row: BatchRow) {
    guard let ticket = row.ticket, let entry = withdraw(ticket) else { return }
    observer?.entriesDropped(1, reason: .cancelled)
    tellQueue()
    resume(entry.addressee, throwing: CancellationError())
  }

  mutating func cancel(_ group: BatchGroup) {
    guard let ticket = group.ticket else { return }
    let missing = fail(ticket, with: CancellationError())
    guard missing > 0 else { return }
    observer?.entriesDropped(missing, reason: .cancelled)
    tellQueue()
  }

  /// Takes an entry out wherever it is; nil when it has been answered already. What the engine
  /// computes for it is then thrown away.
  private mutating func withdraw(_ ticket: Ticket) -> Entry? {
    guard let entry = entries.remove(ticket) else { return nil }
    policy.cancel(ticket.index)
    return entry
  }

  // MARK: Batches

  mutating func dropExpired(now: ContinuousClock.Instant) {
    // Tickets first: dropping one input of a request may take others of it out.
    let tickets = policy.expire(now: now).map { entries.ticket(at: $0) }
    for ticket in tickets { dropLapsed(ticket, now: now) }
    if !tickets.isEmpty { tellQueue() }
  }

  private mutating func dropLapsed(_ ticket: Ticket, now: ContinuousClock.Instant) {
    guard let entry = entries.remove(ticket) else { return }
    if let timeout = entry.row.queueTimeout, entry.row.deadline.map({ $0 > now }) ?? true {
      let error = BatchingError.queueTimeout(timeout, retryAfter: policy.timeToDrain(now: now))
      let count = resume(entry.addressee, throwing: error)
      observer?.entriesDropped(count, reason: .queueTimeout)
    } else {
      let count = resume(entry.addressee, throwing: BatchingError.expired)
      observer?.entriesDropped(count, reason: .expired)
    }
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
      rows: indices.compactMap { entries.value(at: $0)?.row }, tokens: tokens)
    return (decision, batch)
  }

  mutating func deliver(_ computed: ComputedBatch, for batch: FormedBatch) {
    let compute = computed.start.duration(to: computed.end)
    let isWhole = !computed.failures.isRetried && computed.lapsed.isEmpty
    policy.finished(duration: isWhole ? compute : nil)
    let rows = batch.tickets.count - computed.lapsed.count
    var oldest = computed.start
    for (row, ticket) in batch.tickets.enumerated() {
      if computed.lapsed.contains(row) {
        dropLapsed(ticket, now: computed.start)
        continue
      }
      guard let entry = entries.remove(ticket) else { continue }  // Cancelled meanwhile.
      oldest = min(oldest, entry.arrival)
      if computed.failures.isRetried, let error = computed.failures.errors[row] {
        resume(entry.addressee, throwing: error)
      } else {
        resume(
          entry.addressee,
          with: BatchPlace(
            queued: entry.arrival.duration(to: computed.start), compute: compute,
            batchSize: rows))
      }
    }
    tellQueue()
    guard rows > 0 else { return }
    observer?.batchComputed(
      BatchReport(
        rows: rows, tokens: batch.tokens,
        queued: oldest.duration(to: computed.start), compute: compute,
        failures: computed.failures.errors.count))
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

  private mutating func resume(_ addressee: Addressee, with place: BatchPlace) {
    switch addressee {
    case .one(let promise): promise.succeed(place)
    case .group(let group, let member): complete(group, member, with: place)
    }
  }

  /// - Returns: how many inputs that answers: all that are left of a request.
  @discardableResult
  private mutating func resume(_ addressee: Addressee, throwing error: any Error) -> Int {
    switch addressee {
    case .one(let promise):
      promise.fail(error)
      return 1
    case .group(let group, _): return fail(group, with: error)
    }
  }

  private mutating func complete(_ ticket: GroupTicket, _ member: Int, with place: BatchPlace) {
    let missing = groups.update(ticket) { group in
      group.places[member] = place
      group.missing -= 1
      return group.missing
    }
    guard missing == 0, let group = groups.remove(ticket) else { return }
    group.promise.succeed(group.places.compactMap { $0 })
  }

  /// - Returns: how many of the request's inputs were still to be answered.
  private mutating func fail(_ ticket: GroupTicket, with error: any Error) -> Int {
    guard let group = groups.remove(ticket) else { return 0 }
    for member in group.members { _ = withdraw(member) }
    group.promise.fail(error)
    return group.missing
  }
}
