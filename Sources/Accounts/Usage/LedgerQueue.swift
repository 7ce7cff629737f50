// One batch is under way at a time; a failed one is tried again before anything newer.
//
//            append            due, full batch, closing          committed
//   idle ────────────▶ gathering ────────────────────▶ writing ─────────────▶ idle or gathering
//                                                       ▲    │
//                                           wait is over│    │failed
//                                                       └────┘ 50 ms, doubled up to 5 s
//
// Closing writes without waiting until nothing is left, then stops; a store that keeps failing
// is given up when the patience ends.

/// What the ledger holds and what it does next; no clock, no thread, no store of its own.
struct LedgerQueue {
  enum Step {
    /// Nothing to do before that much time has passed or `append` says to wake.
    case wait(nanoseconds: UInt64)
    /// To be written, and answered with `committed` or `failed`.
    case write(UsageBatch, isRetry: Bool)
    /// Closed. The records that could not be written are the number.
    case stop(abandoned: Int)
  }

  enum Appended { case kept, wake, lost(first: Bool) }

  private let settings: UsageLedger.Settings
  private var waiting: [UsageRecord] = []
  /// What was taken and is not yet committed.
  private var pending: UsageBatch?
  private var gap: UsageGap?
  /// When what waits is to be written, or, with a failed batch, tried again.
  private var due: UInt64?
  private var failures = 0
  /// When even an empty batch is made, as it carries quotas.
  private var idleDue: UInt64 = 0
  private var giveUpAt: UInt64?
  private var didSaveLast = false

  private static let firstRetry: UInt64 = 50_000_000
  private static let lastRetry: UInt64 = 5_000_000_000
  private static let idlePeriod: UInt64 = 1_000_000_000

  init(settings: UsageLedger.Settings) { self.settings = settings }

  /// Records that wait or are being written.
  var count: Int { waiting.count + (pending?.records.count ?? 0) }
  var hasRoom: Bool { count < settings.capacity }

  mutating func append(_ record: UsageRecord) -> Appended {
    guard hasRoom else {
      let isFirst = gap == nil
      lose(record)
      return .lost(first: isFirst)
    }
    waiting.append(record)
    return waiting.count == 1 || waiting.count == settings.batch ? .wake : .kept
  }

  /// - Parameter now: monotonic, in nanoseconds.
  mutating func next(at now: UInt64) -> Step {
    let isClosing = giveUpAt != nil
    if let giveUpAt, failures > 0, now >= giveUpAt { return .stop(abandoned: count) }
    if let pending {
      if let due, now < due { return .wait(nanoseconds: due - now) }
      return .write(pending, isRetry: true)
    }
    if waiting.isEmpty && gap == nil {
      if isClosing && didSaveLast { return .stop(abandoned: 0) }
      guard isClosing || now >= idleDue else { return .wait(nanoseconds: idleDue - now) }
      didSaveLast = isClosing
      return take(at: now)
    }
    let due = self.due ?? now + settings.period.nanoseconds
    self.due = due
    guard isClosing || now >= due || waiting.count >= settings.batch else {
      return .wait(nanoseconds: due - now)
    }
    return take(at: now)
  }

  /// - Returns: failures before this success.
  mutating func committed() -> Int {
    defer { failures = 0 }
    pending = nil
    due = nil
    return failures
  }

  /// - Parameter batch: what was to be written, with all that was added to it.
  /// - Returns: whether it is the first failure in a row.
  mutating func failed(_ batch: UsageBatch, at now: UInt64) -> Bool {
    pending = batch
    failures += 1
    let wait = min(Self.firstRetry << UInt64(min(failures - 1, 10)), Self.lastRetry)
    due = now + (giveUpAt == nil ? wait : Self.firstRetry)
    return failures == 1
  }

  mutating func close(at now: UInt64) {
    giveUpAt = giveUpAt ?? now + settings.closingPatience.nanoseconds
    due = nil
  }

  private mutating func take(at now: UInt64) -> Step {
    var batch = UsageBatch(gap: gap)
    gap = nil
    due = nil
    idleDue = now + Self.idlePeriod
    if waiting.count <= settings.batch {
      swap(&batch.records, &waiting)
      waiting.reserveCapacity(batch.records.count)
    } else {
      batch.records = Array(waiting.prefix(settings.batch))
      waiting.removeFirst(settings.batch)
    }
    pending = batch
    return .write(batch, isRetry: false)
  }

  private mutating func lose(_ record: UsageRecord) {
    var gap =
      self.gap
      ?? UsageGap(first: record.time, last: record.time, requests: 0, tokensIn: 0, tokensOut: 0)
    gap.first = min(gap.first, record.time)
    gap.last = max(gap.last, record.time)
    gap.requests += 1
    gap.tokensIn += record.tokensIn
    gap.tokensOut += record.tokensOut
    self.gap = gap
  }
}
