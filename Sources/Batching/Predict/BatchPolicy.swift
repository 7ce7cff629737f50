import Metrics

/// When a batch starts and what is in it: events in, decisions out, no clock and no input of its own.
///
///                 enqueue                 next → .run
///     (nothing) ──────────▶ waiting ──────────────────────▶ computing ── finished ─▶ (nothing)
///                            │    ▲                              │
///           cancel, expired  │    └── next → .wait(until:)       └─ next → .busy
///                            ▼        (only with maxQueueDelay)
///                         dropped
///
/// Entries wait in buckets of similar length, first in, first out. A batch begins with the bucket
/// of the oldest entry and goes on with its neighbours while rows and tokens fit, so the oldest is
/// always in the next batch, and when not all fit, short inputs do not wait for long ones.
///
/// Entries are known by small dense integers that the caller chooses and may use again.
struct BatchPolicy: Sendable {
  enum Decision: Equatable {
    /// Compute these entries now; then call `finished`.
    case run([Int], tokens: Int)
    /// Ask again at this time, or when something has arrived.
    case wait(until: ContinuousClock.Instant)
    /// A batch is being computed: ask again when it has finished.
    case busy
    /// Nothing waits.
    case idle
  }

  /// Advice when nothing has been measured yet.
  static let defaultRetry: Duration = .milliseconds(100)
  static let longestRetry: Duration = .seconds(30)
  private static let bucketCount = 20

  private struct Node {
    var cost = 0
    var deadline: ContinuousClock.Instant?
    var arrival: ContinuousClock.Instant
    /// Place in the order of arrival.
    var order: UInt64 = 0
    var bucket = 0
    var previous = -1
    var next = -1
    var waits = false
  }

  private struct Bucket {
    var first = -1
    var last = -1
    var rows = 0
    var tokens = 0
  }

  let options: BatchOptions
  private(set) var costModel = CostModel()
  private(set) var waitingRows = 0
  private(set) var waitingTokens = 0
  private var nodes: [Node] = []
  private var buckets = [Bucket](repeating: Bucket(), count: bucketCount)
  private var nextOrder: UInt64 = 0
  /// No waiting entry has an earlier deadline; may be earlier than all of them. Nil: none has one.
  private(set) var earliestDeadline: ContinuousClock.Instant?
  private var running: (tokens: Int, since: ContinuousClock.Instant)?

  /// - Parameter options: bounds below 1 count as 1.
  init(options: BatchOptions) {
    var options = options
    options.maxBatchRows = max(1, options.maxBatchRows)
    options.maxBatchTokens = max(1, options.maxBatchTokens)
    options.maxQueueRows = max(1, options.maxQueueRows)
    options.maxQueueTokens = max(1, options.maxQueueTokens)
    self.options = options
  }

  // MARK: Arrival

  /// Whether `rows` inputs of one request, costing `tokens` together and `largest` at most, may
  /// be enqueued now.
  func check(
    rows: Int, tokens: Int, largest: Int, deadline: ContinuousClock.Instant?,
    now: ContinuousClock.Instant
  ) throws(BatchingError) {
    if largest > options.maxBatchTokens {
      throw BatchingError(
        .tooLarge,
        "an input of \(largest) tokens is over the \(options.maxBatchTokens) of a batch; shorten it"
      )
    }
    if rows > options.maxQueueRows || tokens > options.maxQueueTokens {
      throw BatchingError(
        .tooLarge,
        "a request of \(rows) inputs with \(tokens) tokens is over the queue's "
          + "\(options.maxQueueRows) inputs and \(options.maxQueueTokens) tokens; split it")
    }
    if waitingRows + rows > options.maxQueueRows {
      throw .queueFull(
        limit: "\(options.maxQueueRows) inputs", retryAfter: timeToDrain(now: now))
    }
    if waitingTokens + tokens > options.maxQueueTokens {
      throw .queueFull(
        limit: "\(options.maxQueueTokens) tokens", retryAfter: timeToDrain(now: now))
    }
    guard let deadline else { return }
    if deadline <= now { throw .expired }
    guard let least = leastTime(rows: rows, tokens: tokens, largest: largest, now: now) else {
      return
    }
    let (needed, left) = (Duration.seconds(least), now.duration(to: deadline))
    if needed > left {
      // Time alone shortens the queue: the same request is in time once it is that much shorter.
      throw .hopeless(needed: needed, left: left, retryAfter: Self.advice(needed - left))
    }
  }

  /// Puts an entry in the queue; `check` has allowed it.
  ///
  /// - Parameter deadline: from when on `expire` takes it out.
  mutating func enqueue(
    _ id: Int, cost: Int, deadline: ContinuousClock.Instant?, now: ContinuousClock.Instant
  ) {
    let bucket = Self.bucket(of: cost)
    while nodes.count <= id { nodes.append(Node(arrival: now)) }
    let last = buckets[bucket].last
    nodes[id] = Node(
      cost: cost, deadline: deadline, arrival: now, order: nextOrder, bucket: bucket,
      previous: last, next: -1, waits: true)
    nextOrder += 1
    if last >= 0 { nodes[last].next = id } else { buckets[bucket].first = id }
    buckets[bucket].last = id
    buckets[bucket].rows += 1
    buckets[bucket].tokens += cost
    waitingRows += 1
    waitingTokens += cost
    if let deadline { earliestDeadline = min(deadline, earliestDeadline ?? deadline) }
  }

  /// Takes an entry out of the queue; false when it does not wait (any more).
  @discardableResult
  mutating func cancel(_ id: Int) -> Bool {
    guard nodes.indices.contains(id), nodes[id].waits else { return false }
    remove(id)
    return true
  }

  // MARK: Batches

  /// Entries whose deadline has come, taken out of the queue.
  mutating func expire(now: ContinuousClock.Instant) -> [Int] {
    guard let earliest = earliestDeadline, earliest <= now else { return [] }
    var expired: [Int] = []
    var next: ContinuousClock.Instant?
    for bucket in buckets.indices {
      var id = buckets[bucket].first
      while id >= 0 {
        let node = nodes[id]
        if let deadline = node.deadline {
          if deadline <= now {
            remove(id)
            expired.append(id)
          } else {
            next = min(deadline, next ?? deadline)
          }
        }
        id = node.next
      }
    }
    earliestDeadline = next
    return expired
  }

  /// What to do now. Call `expire` first: what it would drop may otherwise be computed.
  ///
  /// - Parameter isContended: others have work for the engine, so that a batch must be short.
  mutating func next(now: ContinuousClock.Instant, isContended: Bool = false) -> Decision {
    if running != nil { return .busy }
    guard let oldest else { return .idle }
    if let until = delay(from: nodes[oldest].arrival, now: now) { return .wait(until: until) }
    var ids: [Int] = []
    ids.reserveCapacity(min(waitingRows, options.maxBatchRows))
    var tokens = 0
    let most = isContended ? sliceTokens : options.maxBatchTokens
    let home = nodes[oldest].bucket
    for distance in 0..<Self.bucketCount {
      take(from: home - distance, into: &ids, tokens: &tokens, most)
      if distance > 0 { take(from: home + distance, into: &ids, tokens: &tokens, most) }
    }
    running = (tokens, now)
    return .run(ids, tokens: tokens)
  }

  /// The batch has been computed.
  ///
  /// - Parameter duration: its time on the engine; nil when it failed and says nothing.
  mutating func finished(duration: Duration?) {
    if let duration, let running { costModel.observe(tokens: running.tokens, duration: duration) }
    running = nil
  }

  // MARK: Inside

  /// 0, 1, 2–3, 4–7, …
  private static func bucket(of cost: Int) -> Int {
    min(bucketCount - 1, Int.bitWidth - max(0, cost).leadingZeroBitCount)
  }

  private var oldest: Int? {
    var found: Int?
    for bucket in buckets where bucket.first >= 0 {
      if let id = found, nodes[id].order < nodes[bucket.first].order { continue }
      found = bucket.first
    }
    return found
  }

  /// How long to wait for company; nil to start now.
  private func delay(
    from arrival: ContinuousClock.Instant, now: ContinuousClock.Instant
  ) -> ContinuousClock.Instant? {
    guard options.maxQueueDelay > .zero, waitingRows < options.maxBatchRows,
      waitingTokens < options.maxBatchTokens
    else { return nil }
    let until = arrival + options.maxQueueDelay
    if until <= now { return nil }
    // Nobody is made to miss a deadline by waiting for company.
    if let earliest = earliestDeadline, earliest <= until { return nil }
    return until
  }

  /// Before anything is measured one row goes, whose time then tells how many may.
  private var sliceTokens: Int {
    min(options.maxBatchTokens, costModel.tokens(within: options.engineSlice) ?? 1)
  }

  private mutating func take(
    from bucket: Int, into ids: inout [Int], tokens: inout Int, _ most: Int
  ) {
    guard buckets.indices.contains(bucket) else { return }
    while ids.count < options.maxBatchRows, buckets[bucket].first >= 0 {
      let id = buckets[bucket].first
      guard ids.isEmpty || tokens + nodes[id].cost <= most else { return }
      tokens += nodes[id].cost
      remove(id)
      ids.append(id)
    }
  }

  private mutating func remove(_ id: Int) {
    let node = nodes[id]
    if node.previous >= 0 { nodes[node.previous].next = node.next }
    if node.next >= 0 { nodes[node.next].previous = node.previous }
    if buckets[node.bucket].first == id { buckets[node.bucket].first = node.next }
    if buckets[node.bucket].last == id { buckets[node.bucket].last = node.previous }
    buckets[node.bucket].rows -= 1
    buckets[node.bucket].tokens -= node.cost
    waitingRows -= 1
    waitingTokens -= node.cost
    nodes[id].waits = false
    if waitingRows == 0 { earliestDeadline = nil }
  }
}

// MARK: - Estimates

extension BatchPolicy {
  /// Seconds that a new request needs at the least; nil when nothing can be said.
  ///
  /// Never more than the truth as far as the cost model is right: what waits in other buckets may
  /// be overtaken. Nothing is said about an idle engine, so measuring never ceases.
  private func leastTime(
    rows: Int, tokens: Int, largest: Int, now: ContinuousClock.Instant
  ) -> Double? {
    guard running != nil || waitingRows > 0 else { return nil }
    let own = buckets[Self.bucket(of: largest)]
    let together =
      waitingRows + rows <= options.maxBatchRows && waitingTokens + tokens <= options.maxBatchTokens
    let aheadRows = together ? waitingRows : own.rows
    let aheadTokens = together ? waitingTokens : own.tokens
    return computing(rows: aheadRows + rows, tokens: aheadTokens + tokens, now: now)
  }

  /// Until what waits now has been computed, as advice when to retry.
  func timeToDrain(now: ContinuousClock.Instant) -> Duration {
    guard let seconds = computing(rows: waitingRows, tokens: waitingTokens, now: now) else {
      return Self.defaultRetry
    }
    return Self.advice(.seconds(seconds))
  }

  static func advice(_ duration: Duration) -> Duration {
    min(longestRetry, max(.milliseconds(1), duration))
  }

  /// The rest of the running batch, then so many rows and tokens.
  private func computing(rows: Int, tokens: Int, now: ContinuousClock.Instant) -> Double? {
    let batches = max(
      Self.quotient(rows, options.maxBatchRows), Self.quotient(tokens, options.maxBatchTokens))
    guard let ahead = costModel.seconds(tokens: tokens, batches: batches) else { return nil }
    guard let running, let whole = costModel.seconds(tokens: running.tokens) else { return ahead }
    return ahead + max(0, whole - running.since.duration(to: now).seconds)
  }

  private static func quotient(_ value: Int, _ divisor: Int) -> Int {
    (value + divisor - 1) / max(1, divisor)
  }
}
