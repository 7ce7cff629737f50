internal import Metrics

/// When a batch starts and what is in it: events in, decisions out, no clock and no input of its
/// own.
///
///                 enqueue                 next → .run
///     (nothing) ──────────▶ waiting ──────────────────────▶ computing ── finished ─▶ (nothing)
///                            │    ▲  ◀───────── putBack ─────────┤
///           cancel, expired  │    └── next → .wait(until:)       └─ next → .busy
///                            ▼        (only with maxQueueDelay)
///                         dropped
///
/// Inputs wait in buckets of similar length, first in, first out. A batch begins with the bucket
/// of the oldest input and goes on with its neighbours while inputs and tokens fit, so the oldest
/// is always in the next batch, and when not all fit, short inputs do not wait for long ones.
///
/// Inputs are known by small dense integers that the caller chooses and may use again.
struct BatchPolicy: Sendable {
  enum Decision: Equatable {
    /// Compute these inputs now; then call `finished`.
    case run([Int], tokens: Int)
    /// Ask again at this time, or when something has arrived.
    case wait(until: ContinuousClock.Instant)
    /// A batch is being computed: ask again when it has finished.
    case busy
    /// Nothing waits.
    case idle
  }

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
    var inputs = 0
    var tokens = 0
  }

  let options: BatchOptions
  private(set) var costModel = CostModel()
  private(set) var waitingInputs = 0
  private(set) var waitingTokens = 0
  private var nodes: [Node] = []
  private var buckets = [Bucket](repeating: Bucket(), count: bucketCount)
  private var nextOrder: UInt64 = 0
  /// No waiting input has an earlier deadline; may be earlier than all of them. Nil: none has one.
  private(set) var earliestDeadline: ContinuousClock.Instant?
  private var running: (tokens: Int, since: ContinuousClock.Instant)?

  /// - Parameter options: bounds below 1 count as 1.
  init(options: BatchOptions) {
    var options = options
    options.maxBatchInputs = max(1, options.maxBatchInputs)
    options.maxBatchTokens = max(1, options.maxBatchTokens)
    options.maxQueueInputs = max(1, options.maxQueueInputs)
    options.maxQueueTokens = max(1, options.maxQueueTokens)
    self.options = options
  }

  // MARK: Arrival

  /// Whether `inputs` inputs of one request, costing `tokens` together and `largest` at most, may
  /// be enqueued now.
  func check(
    inputs: Int, tokens: Int, largest: Int, deadline: ContinuousClock.Instant?,
    queueTimeout: Duration? = nil, now: ContinuousClock.Instant
  ) throws(BatchingError) {
    if largest > options.maxBatchTokens {
      throw BatchingError(
        .tooLarge,
        "an input of \(largest) tokens is over the \(options.maxBatchTokens) of a batch "
          + "(max_batch_tokens); shorten it")
    }
    if inputs > options.maxQueueInputs || tokens > options.maxQueueTokens {
      throw BatchingError(
        .tooLarge,
        "a request of \(inputs) inputs with \(tokens) tokens is over the queue's "
          + "\(options.maxQueueInputs) inputs (queue_limit) and \(options.maxQueueTokens) tokens "
          + "(queue_tokens); split it")
    }
    if waitingInputs + inputs > options.maxQueueInputs {
      throw .queueFull(
        "queue_limit", of: "\(options.maxQueueInputs) inputs", retryAfter: timeToDrain(now: now))
    }
    if waitingTokens + tokens > options.maxQueueTokens {
      throw .queueFull(
        "queue_tokens", of: "\(options.maxQueueTokens) tokens", retryAfter: timeToDrain(now: now))
    }
    if let queueTimeout, let least = leastWait(inputs: inputs, tokens: tokens),
      least > queueTimeout, !isIdle
    {
      throw .neverInTime(queueTimeout: queueTimeout, least: least)
    }
    guard let deadline else { return }
    if deadline <= now { throw .expired }
    guard let least = leastTime(inputs: inputs, tokens: tokens, largest: largest, now: now) else {
      return
    }
    let (needed, left) = (Duration.seconds(least), now.duration(to: deadline))
    if needed > left {
      if let own = alone(inputs: inputs, tokens: tokens), .seconds(own) > left {
        throw .neverInTime(alone: .seconds(own), left: left)
      }
      // Time alone shortens the queue: the same request is in time once it is that much shorter.
      throw .hopeless(needed: needed, left: left, retryAfter: RetryAdvice.after(needed - left))
    }
  }

  /// Puts an input in the queue; `check` has allowed it.
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
    buckets[bucket].inputs += 1
    buckets[bucket].tokens += cost
    waitingInputs += 1
    waitingTokens += cost
    if let deadline { earliestDeadline = min(deadline, earliestDeadline ?? deadline) }
  }

  /// Takes an input out of the queue; false when it does not wait (any more).
  @discardableResult
  mutating func cancel(_ id: Int) -> Bool {
    guard nodes.indices.contains(id), nodes[id].waits else { return false }
    remove(id)
    return true
  }

  /// Whether an input waits for a batch; one that was taken along does not.
  func waits(_ id: Int) -> Bool { nodes.indices.contains(id) && nodes[id].waits }

  // MARK: Batches

  /// Inputs whose deadline has come, taken out of the queue.
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
    ids.reserveCapacity(min(waitingInputs, options.maxBatchInputs))
    var tokens = 0
    let most = mostTokens(isContended: isContended)
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
  /// - Parameters:
  ///   - duration: its time on the engine; nil when it failed and says nothing.
  ///   - tokens: what of it was computed; nil: all.
  mutating func finished(duration: Duration?, tokens: Int? = nil) {
    if let duration, let running {
      costModel.observe(tokens: tokens ?? running.tokens, duration: duration)
    }
    running = nil
  }

  /// Inputs that a batch took along and did not come to, in its order, wait again where they stood.
  mutating func putBack(_ ids: [Int]) {
    for id in ids.reversed() {
      let bucket = nodes[id].bucket
      let first = buckets[bucket].first
      nodes[id].previous = -1
      nodes[id].next = first
      nodes[id].waits = true
      if first >= 0 { nodes[first].previous = id } else { buckets[bucket].last = id }
      buckets[bucket].first = id
      buckets[bucket].inputs += 1
      buckets[bucket].tokens += nodes[id].cost
      waitingInputs += 1
      waitingTokens += nodes[id].cost
      if let deadline = nodes[id].deadline {
        earliestDeadline = min(deadline, earliestDeadline ?? deadline)
      }
    }
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
    guard options.maxQueueDelay > .zero, waitingInputs < options.maxBatchInputs,
      waitingTokens < mostTokens(isContended: false)
    else { return nil }
    let until = arrival + options.maxQueueDelay
    if until <= now { return nil }
    // Nobody is made to miss a deadline by waiting for company.
    if let earliest = earliestDeadline, earliest <= until { return nil }
    return until
  }

  /// Most tokens of a batch: what is predicted to take one turn of the engine.
  ///
  /// While others wait it errs on the small side: before anything is measured one input goes, whose
  /// time then tells how many may. Alone it is as large as allowed until there is enough to go by.
  private func mostTokens(isContended: Bool) -> Int {
    let most = options.maxBatchTokens
    if isContended { return min(most, costModel.tokens(within: options.engineSlice) ?? 1) }
    guard costModel.isTrusted else { return most }
    let turn = max(options.engineSlice, EngineTurn.alone)
    return min(most, costModel.tokens(within: turn) ?? most)
  }

  private mutating func take(
    from bucket: Int, into ids: inout [Int], tokens: inout Int, _ most: Int
  ) {
    guard buckets.indices.contains(bucket) else { return }
    while ids.count < options.maxBatchInputs, buckets[bucket].first >= 0 {
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
    buckets[node.bucket].inputs -= 1
    buckets[node.bucket].tokens -= node.cost
    waitingInputs -= 1
    waitingTokens -= node.cost
    nodes[id].waits = false
    if waitingInputs == 0 { earliestDeadline = nil }
  }
}

// MARK: - Estimates

extension BatchPolicy {
  /// Seconds that a new request needs at the least; nil when nothing can be said.
  ///
  /// Never more than the truth as far as the cost model is right: what waits in other buckets may
  /// be overtaken.
  private func leastTime(
    inputs: Int, tokens: Int, largest: Int, now: ContinuousClock.Instant
  ) -> Double? {
    guard !isIdle else { return nil }
    let own = buckets[Self.bucket(of: largest)]
    let together =
      waitingInputs + inputs <= options.maxBatchInputs
      && waitingTokens + tokens <= mostTokens(isContended: false)
    let aheadInputs = together ? waitingInputs : own.inputs
    let aheadTokens = together ? waitingTokens : own.tokens
    return computing(inputs: aheadInputs + inputs, tokens: aheadTokens + tokens, now: now)
  }

  /// Nothing is refused on account of a prediction then, so that measuring never ceases.
  private var isIdle: Bool { running == nil && waitingInputs == 0 }

  /// Until what waits now has been computed but for so much of it, as advice when to retry.
  func timeToDrain(except rest: Duration = .zero, now: ContinuousClock.Instant) -> Duration {
    guard let seconds = computing(inputs: waitingInputs, tokens: waitingTokens, now: now) else {
      return RetryAdvice.unmeasured
    }
    return RetryAdvice.after(.seconds(seconds) - rest)
  }

  /// How long the last batch of a request waits for those before it at the least, were the engine
  /// there for it alone; nil when nothing can be said.
  func leastWait(inputs: Int, tokens: Int) -> Duration? {
    // The last batch is the smallest, or as large as the others.
    let before = batches(inputs: inputs, tokens: tokens) - 1
    guard before > 0 else { return .zero }
    return costModel.seconds(tokens: tokens * before / (before + 1), batches: before)
      .map { .seconds($0) }
  }

  /// The rest of the running batch, then so many inputs and tokens.
  private func computing(inputs: Int, tokens: Int, now: ContinuousClock.Instant) -> Double? {
    guard let ahead = alone(inputs: inputs, tokens: tokens) else { return nil }
    guard let running, let whole = costModel.seconds(tokens: running.tokens) else { return ahead }
    return ahead + max(0, whole - running.since.duration(to: now).seconds)
  }

  /// So many inputs and tokens, on an engine that does nothing else.
  private func alone(inputs: Int, tokens: Int) -> Double? {
    costModel.seconds(tokens: tokens, batches: batches(inputs: inputs, tokens: tokens))
  }

  /// The fewest batches that they fit in.
  private func batches(inputs: Int, tokens: Int) -> Int {
    max(
      Self.quotient(inputs, options.maxBatchInputs),
      Self.quotient(tokens, mostTokens(isContended: false)))
  }

  private static func quotient(_ value: Int, _ divisor: Int) -> Int {
    (value + divisor - 1) / max(1, divisor)
  }
}
