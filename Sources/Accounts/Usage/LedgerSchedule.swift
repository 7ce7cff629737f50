internal import Time

// One batch is under way at a time; one that failed is made again, of what waits by then.
//
//            append            due, full batch, closing          committed
//   idle ────────────▶ gathering ────────────────────▶ writing ─────────────▶ idle or gathering
//                                                       ▲    │
//                                           wait is over│    │failed
//                                                       └────┘ 50 ms, doubled up to 5 s
//
// Closing writes without waiting until nothing is left, then stops; a store that keeps failing
// is given up when the patience ends.

/// When the ledger writes; no clock, no thread, no store, no records of its own.
struct LedgerSchedule {
  enum Step: Equatable {
    /// Nothing to do before that much time has passed or `append` says to wake.
    case wait(nanoseconds: UInt64)
    /// A batch is to be written, and the outcome told by `committed` or `failed`.
    case write
    case stop
  }

  private let settings: UsageLedger.Settings
  /// Records that are not yet written.
  private(set) var waiting: Int
  /// When what waits is to be written, or tried again.
  private var due: UInt64?
  private var failures = 0
  /// When even an empty batch is made, as it carries quotas.
  private var idleDue: UInt64 = 0
  private var giveUpAt: UInt64?
  private var didWriteLast = false

  private static let firstRetry: UInt64 = 50_000_000
  private static let lastRetry: UInt64 = 5_000_000_000
  private static let idlePeriod: UInt64 = 1_000_000_000

  /// - Parameter waiting: records that are there from the start.
  init(settings: UsageLedger.Settings, waiting: Int) {
    self.settings = settings
    self.waiting = waiting
  }

  /// - Returns: whether the thread is to be woken.
  mutating func append() -> Bool {
    waiting += 1
    return waiting == 1 || waiting == settings.batch
  }

  /// - Parameter now: monotonic, in nanoseconds.
  mutating func next(at now: UInt64) -> Step {
    let isClosing = giveUpAt != nil
    if failures > 0 {
      if let giveUpAt, now >= giveUpAt { return .stop }
      if let due, now < due { return .wait(nanoseconds: due - now) }
      return .write
    }
    if waiting == 0 {
      if isClosing && didWriteLast { return .stop }
      guard isClosing || now >= idleDue else { return .wait(nanoseconds: idleDue - now) }
    } else {
      let due = self.due ?? now + settings.period.nanoseconds
      self.due = due
      guard isClosing || now >= due || waiting >= settings.batch else {
        return .wait(nanoseconds: due - now)
      }
    }
    didWriteLast = isClosing && waiting <= settings.batch
    return .write
  }

  /// - Returns: failures before this success.
  mutating func committed(_ records: Int, at now: UInt64) -> Int {
    defer { failures = 0 }
    waiting -= records
    due = nil
    idleDue = now + Self.idlePeriod
    return failures
  }

  /// - Returns: whether it is the first failure in a row.
  mutating func failed(at now: UInt64) -> Bool {
    failures += 1
    let wait = min(Self.firstRetry << UInt64(min(failures - 1, 10)), Self.lastRetry)
    due = now + (giveUpAt == nil ? wait : Self.firstRetry)
    return failures == 1
  }

  mutating func close(at now: UInt64) {
    giveUpAt = giveUpAt ?? now + settings.closingPatience.nanoseconds
    due = nil
  }
}
