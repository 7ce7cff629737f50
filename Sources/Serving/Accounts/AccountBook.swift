internal import Accounts
internal import Metrics
internal import Time

/// Keys, limits and usage of a server: opened together, closed together.
///
/// Three threads block on the database, each over a connection of its own so that none waits for
/// another: the ledger writes usage, the watcher looks for changed keys, the store's thread does
/// the rest.
final class AccountBook: Sendable {
  let keys: KeyDirectory
  let limiter = MemoryRateLimiter()
  let ledger: UsageLedger
  /// For administration and reports.
  let store: StoreThread
  private let watcher: KeyWatcher

  /// Opens the database, takes over what a killed process left, and starts the threads.
  ///
  /// - Throws: `StoreError` or `ThreadError`, saying which file and what to do.
  init(_ options: AccountOptions, metrics: Registry, log: Log) throws {
    let main = try SQLiteStore(path: options.database ?? ":memory:")
    var (watched, administered, journal) = (main, main, nil as UsageJournal?)
    if let path = options.database {
      watched = SQLiteStore(openingLater: path)
      administered = SQLiteStore(openingLater: path)
      journal = try UsageJournal.open(forDatabase: path)
    }
    keys = KeyDirectory(defaults: options.keyLimits)
    try keys.refresh(from: main)
    limiter.load(try main.quotas(of: UnixTime.now().month))
    ledger = try UsageLedger(
      store: main, journal: try journal ?? UsageJournal(), quotas: limiter,
      metrics: UsageMetrics(in: metrics)
    ) { log.tell($0) }
    watcher = KeyWatcher(keys, store: watched) { log.tell($0) }
    let retention = options.retention
    store = try StoreThread(store: administered) { store in
      do { try retention.enforce(in: store, now: .now()) } catch {
        log.debug("housekeeping of the database failed", ("problem", .text("\(error)")))
      }
    }
    try ledger.start()
    try watcher.start()
  }

  /// Takes over what other processes have just changed about keys.
  func freshenKeys() async { await watcher.freshen() }

  /// Writes everything down and ends the threads. No call may end after.
  func close() {
    watcher.close()
    store.close()
    ledger.close()
  }
}

extension Log {
  fileprivate func tell(_ event: UsageLedger.Event) {
    switch event {
    case .inherited(let count):
      info("took over usage that a killed process left", ("records", .integer(count)))
    case .writeFailed(let problem):
      error(
        "usage cannot be written; calls go on and it is tried again",
        ("problem", .text("\(problem)")))
    case .recovered(let failures):
      info("usage is written again", ("failures", .integer(failures)))
    case .full(let bytes):
      error(
        "usage is only counted from here on: the database did not take it for too long",
        ("waiting_bytes", .integer(bytes)))
    case .abandoned(let count):
      error(
        "usage was not written before the end; the next server on this database writes it",
        ("records", .integer(count)))
    }
  }

  fileprivate func tell(_ event: KeyWatcher.Event) {
    switch event {
    case .failed(let problem):
      error(
        "keys cannot be read; those of before stay in force", ("problem", .text("\(problem)")))
    case .recovered: info("keys are read again")
    }
  }
}
