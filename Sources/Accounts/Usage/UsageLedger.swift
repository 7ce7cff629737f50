internal import Metrics
internal import Synchronization
package import Threads
package import Time

/// Writes down every request, off the path of the requests: records go into a journal, a bounded
/// queue in memory, and a thread writes them to the store in batches, each in one transaction.
///
/// What can be lost. A close (SIGTERM) writes everything. A killed process (SIGKILL) leaves its
/// journal to the next, which writes what it finds before anything else, and nothing twice: not one
/// record is lost. Where the journal is the process's own (`outlivesProcess`), and when the whole
/// machine stops, what came within `period` and the time of one transaction is: well under 100 ms.
/// Quotas are saved along; of them a killed process loses the changes of that same time.
///
/// While the store fails (a full disk, a lock that stays) the journal holds what comes and the
/// thread tries again; when it is full, requests go on and what they leave is counted instead of
/// kept: in the metric, in an event, and, as soon as the store is back, in a `UsageGap` that
/// reports show. Who would rather refuse than serve unrecorded asks `hasRoom` before a call.
package final class UsageLedger: Sendable {
  package struct Settings: Sendable {
    /// Longest time from a record to the beginning of its transaction.
    package var period = Duration.milliseconds(25)
    /// Records in one transaction at most; as many start one before its time.
    package var batch = 4096
    /// How long a close waits for a failing store before it gives up.
    package var closingPatience = Duration.seconds(5)

    package init() {}
  }

  /// What an operator should read in the log: the first of a row of equal ones.
  package enum Event: Sendable, Equatable {
    /// Records that a killed process left.
    case inherited(Int)
    case writeFailed(StoreError)
    case recovered(failures: Int)
    /// From here on records are counted, not kept.
    case full(bytes: Int)
    /// Records that the closing could not write.
    case abandoned(Int)
  }

  private struct State {
    var schedule: LedgerSchedule
    var isFull = false
  }

  private let store: any Store
  private let journal: UsageJournal
  private let quotas: (any QuotaSource)?
  private let settings: Settings
  private let metrics: UsageMetrics
  private let clock: @Sendable () -> Moment
  private let report: @Sendable (Event) -> Void
  /// Also whoever appends to the journal holds it.
  private let state: Mutex<State>
  /// Changes of quotas that were taken and not yet written; the ledger's thread alone uses them.
  private let unsaved = Mutex<[QuotaUse]>([])
  private let wake = Semaphore()
  private let thread = OwnedThread()

  /// - Parameters:
  ///   - store: its calls block the ledger's thread only.
  ///   - quotas: whose changes are written along, at least every second.
  ///   - report: called on the ledger's thread, or a recording one when the journal is full.
  /// - Throws: when the store cannot tell what it holds of the journal.
  package init(
    store: any Store, journal: UsageJournal, quotas: (any QuotaSource)? = nil,
    settings: Settings = Settings(), metrics: UsageMetrics,
    clock: @escaping @Sendable () -> Moment = Moment.now,
    report: @escaping @Sendable (Event) -> Void
  ) throws(StoreError) {
    self.store = store
    self.journal = journal
    self.quotas = quotas
    self.settings = settings
    self.metrics = metrics
    self.clock = clock
    self.report = report
    if let written = try store.usagePosition(ofJournal: journal.identity) {
      journal.release(to: written)
    } else {
      // Of another database that had this one's place, or new.
      journal.begin()
      try store.write(UsageBatch(position: UsagePosition(journal: journal.identity, offset: 0)))
    }
    let inherited = journal.count()
    state = Mutex(State(schedule: LedgerSchedule(settings: settings, waiting: inherited)))
    if inherited > 0 { report(.inherited(inherited)) }
  }

  /// Starts the thread.
  package func start() throws(ThreadError) {
    try thread.start("usage") { [self] in
      while let wait = step() { if wait > .zero { _ = wake.wait(atMost: wait) } }
    }
  }

  /// Notes down a request. Never waits for the store.
  ///
  /// - Returns: false if the journal was full and the request was only counted.
  @discardableResult
  package func record(_ record: UsageRecord) -> Bool {
    let (isKept, isNews) = state.withLock { state in
      guard journal.append(record) else {
        journal.lose(record)
        defer { state.isFull = true }
        return (false, !state.isFull)
      }
      return (true, state.schedule.append())
    }
    if isKept {
      if isNews { wake.signal() }
      return true
    }
    metrics.lost.increment()
    if isNews { report(.full(bytes: journal.capacity)) }
    return false
  }

  /// Whether the next record would be kept.
  package var hasRoom: Bool { journal.hasRoom }

  /// Writes everything and ends the thread. No records may come after.
  package func close() {
    let now = clock().monotonic
    state.withLock { $0.schedule.close(at: now) }
    wake.signal()
    thread.join()
  }

  /// Does the next thing that is due: the body of the thread, and all of it.
  ///
  /// - Returns: how long there is nothing more to do; nil when the ledger is closed.
  func step() -> Duration? {
    let now = clock().monotonic
    let (step, waiting) = state.withLock { ($0.schedule.next(at: now), $0.schedule.waiting) }
    metrics.waiting.set(Int64(waiting))
    switch step {
    case .wait(let nanoseconds): return .nanoseconds(Int64(clamping: nanoseconds))
    case .write:
      write()
      return .zero
    case .stop:
      if waiting > 0 { report(.abandoned(waiting)) }
      journal.close()
      return nil
    }
  }

  private func write() {
    let begin = clock().monotonic
    let (records, end) = journal.read(limit: settings.batch)
    var batch = UsageBatch(records: records, gap: state.withLock { _ in journal.gap })
    batch.quotas = unsaved.withLock { unsaved in
      if unsaved.isEmpty, let quotas { unsaved = quotas.takeChanges() }
      return unsaved
    }
    let isEmpty = batch.isEmpty
    if !records.isEmpty { batch.position = UsagePosition(journal: journal.identity, offset: end) }
    do throws(StoreError) {
      if !isEmpty { try store.write(batch) }
    } catch {
      metrics.failures.increment()
      let now = clock().monotonic
      if state.withLock({ $0.schedule.failed(at: now) }) { report(.writeFailed(error)) }
      return
    }
    unsaved.withLock { $0 = [] }
    let now = clock().monotonic
    let failures = state.withLock { state in
      journal.release(to: end)
      if let gap = batch.gap { journal.forget(gap) }
      state.isFull = false
      return state.schedule.committed(records.count, at: now)
    }
    if !isEmpty {
      metrics.written.increment(by: UInt64(records.count))
      metrics.duration.record(now - begin)
    }
    if failures > 0 { report(.recovered(failures: failures)) }
  }
}
