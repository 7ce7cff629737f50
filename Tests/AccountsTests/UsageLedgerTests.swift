import Metrics
import SQLite
import Synchronization
import TestSupport
import Testing
import Threads
import Time

@testable import Accounts

/// The ledger on a real file, with its thread's steps taken by hand and a clock that stands still.
@Suite struct UsageLedgerTests {
  let folder: TemporaryFolder
  let path: String
  let clock = FakeClock()
  let events = EventList()
  let registry = Registry()
  let metrics: UsageMetrics

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("apus.db")
    metrics = UsageMetrics(in: registry)
  }

  private func ledger(
    journal: UsageJournal? = nil, quotas: (any QuotaSource)? = nil, batch: Int = 4096
  ) throws -> UsageLedger {
    var settings = UsageLedger.Settings()
    settings.batch = batch
    let store = try SQLiteStore(path: path, options: Database.Options(patience: 1))
    return try ledger(store, journal: journal, quotas: quotas, settings: settings)
  }

  private func ledger(
    _ store: SQLiteStore, journal: UsageJournal? = nil, quotas: (any QuotaSource)? = nil,
    settings: UsageLedger.Settings = UsageLedger.Settings()
  ) throws -> UsageLedger {
    try UsageLedger(
      store: store, journal: journal ?? UsageJournal(capacity: 16_384), quotas: quotas,
      settings: settings, metrics: metrics,
      clock: { [clock] in clock.now }, report: { [events] in events.append($0) })
  }

  private func rows() throws -> Int {
    try Database(path: path, access: .readOnly).value("SELECT count(*) FROM usage") ?? -1
  }

  /// Does all that is due now; answers how long there is nothing more to do.
  private func settle(_ ledger: UsageLedger) -> Duration? {
    while let wait = ledger.step() { if wait > .zero { return wait } }
    return nil
  }

  @Test func recordsWaitForThePeriodAndNoLonger() throws {
    let ledger = try ledger()
    _ = settle(ledger)
    ledger.record(.test())
    #expect(settle(ledger) == .milliseconds(25))
    clock.advance(by: .milliseconds(24))
    ledger.record(.test())
    #expect(settle(ledger) == .milliseconds(1))
    #expect(try rows() == 0)
    clock.advance(by: .milliseconds(1))
    _ = settle(ledger)
    #expect(try rows() == 2)
    #expect(events.all.isEmpty)
  }

  @Test func aFullBatchDoesNotWait() throws {
    let ledger = try ledger(batch: 10)
    _ = settle(ledger)
    for _ in 0..<9 { ledger.record(.test()) }
    #expect(settle(ledger) == .milliseconds(25))
    for _ in 0..<16 { ledger.record(.test()) }
    #expect(settle(ledger) == .milliseconds(25))
    #expect(try rows() == 20)
    ledger.close()
    #expect(settle(ledger) == nil)
    #expect(try rows() == 25)
  }

  @Test func aLockedDatabaseDelaysAndLosesNothing() throws {
    let ledger = try ledger()
    let holder = try Database(path: path)
    try holder.execute("BEGIN IMMEDIATE")
    for _ in 0..<5 { ledger.record(.test()) }
    _ = settle(ledger)
    clock.advance(by: .milliseconds(25))
    var waits: [Duration?] = []
    for _ in 0..<9 {
      let wait = settle(ledger)
      waits.append(wait)
      clock.advance(by: try #require(wait))
      ledger.record(.test())
    }
    // Doubled up to five seconds, and only the first failure is news.
    #expect(waits == [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000].map { .milliseconds($0) })
    #expect(events.all.count == 1)
    guard case .writeFailed(let error) = events.all.first else {
      Issue.record("no failure reported")
      return
    }
    #expect(error.kind == .unavailable && error.message.contains("another process is writing"))
    try holder.execute("ROLLBACK")
    _ = settle(ledger)
    #expect(events.all.last == .recovered(failures: 9))
    clock.advance(by: .milliseconds(25))
    _ = settle(ledger)
    #expect(try rows() == 14)
    let text = registry.exposition()
    #expect(text.contains("apus_usage_records_written_total 14\n"))
    #expect(text.contains("apus_usage_records_lost_total 0\n"))
    #expect(text.contains("apus_usage_write_failures_total 9\n"))
  }

  @Test func aFullJournalCountsWhatItCannotKeepAndTellsTheReports() throws {
    let ledger = try ledger()
    let holder = try Database(path: path)
    try holder.execute("BEGIN IMMEDIATE")
    for _ in 0..<60 { #expect(ledger.record(.test())) }
    _ = settle(ledger)
    clock.advance(by: .milliseconds(25))
    _ = settle(ledger)
    #expect(ledger.hasRoom)
    // What a failed batch held still waits, and takes its room.
    var kept = 60
    while ledger.record(.test(tokensIn: 3)) { kept += 1 }
    #expect(!ledger.hasRoom)
    for _ in 0..<6 { #expect(!ledger.record(.test(tokensIn: 3))) }
    #expect((100...200).contains(kept))
    #expect(events.all.last == .full(bytes: 16_384))
    #expect(events.all.count == 2)
    try holder.execute("ROLLBACK")
    clock.advance(by: .seconds(1))
    _ = settle(ledger)
    #expect(ledger.hasRoom)
    #expect(try rows() == kept)
    let day = clock.now.wall.day
    let report = try SQLiteStore(path: path).report(UsageQuery(key: nil, days: day...day))
    #expect(report.total.requests == kept && report.missing == 7)
    #expect(registry.exposition().contains("apus_usage_records_lost_total 7\n"))
    // Said once, and only once more when it happens again.
    ledger.record(.test())
    clock.advance(by: .milliseconds(25))
    _ = settle(ledger)
    #expect(try SQLiteStore(path: path).report(UsageQuery(key: nil, days: day...day)).missing == 7)
    while ledger.record(.test()) {}
    #expect(events.all.last == .full(bytes: 16_384))
  }

  @Test func aFullDiskDelaysAndLosesNothing() throws {
    let store = try SQLiteStore(path: path)
    let pages = try store.use { connection throws(SQLiteError) -> Int in
      let pages: Int = try connection.database.value("PRAGMA page_count") ?? 0
      try connection.database.execute("PRAGMA max_page_count = \(pages)")
      return pages
    }
    let ledger = try ledger(store, journal: UsageJournal(capacity: 1 << 20))
    for _ in 0..<2000 { ledger.record(.test(requestID: String(repeating: "x", count: 100))) }
    _ = settle(ledger)
    clock.advance(by: .milliseconds(25))
    _ = settle(ledger)
    guard case .writeFailed(let error) = events.all.first else {
      Issue.record("no failure reported")
      return
    }
    #expect(error.message.contains("free space on the disk"))
    #expect(try rows() == 0)
    try store.use { connection throws(SQLiteError) in
      try connection.database.execute("PRAGMA max_page_count = \(100 * pages)")
    }
    clock.advance(by: .milliseconds(50))
    _ = settle(ledger)
    #expect(try rows() == 2000)
    #expect(try store.checkIntegrity() == [])
  }

  @Test func aCloseGivesUpOnlyWhenThePatienceEnds() throws {
    let ledger = try ledger()
    let holder = try Database(path: path)
    try holder.execute("BEGIN IMMEDIATE")
    for _ in 0..<3 { ledger.record(.test()) }
    ledger.close()
    var waited = Duration.zero
    while let wait = settle(ledger) {
      clock.advance(by: wait)
      waited += wait
    }
    #expect(waited == .seconds(5))
    #expect(events.all.last == .abandoned(3))
  }

  @Test func quotasAreSavedAlongAndOnTheirOwn() throws {
    let limiter = MemoryRateLimiter()
    let caller = Caller.test(.unlimited)
    let ledger = try ledger(quotas: limiter)
    let month = clock.now.wall.month
    let store = try SQLiteStore(path: path)
    func saved() throws -> Int { try store.quotas(of: month).reduce(0) { $0 + $1.tokens } }
    _ = settle(ledger)
    _ = limiter.admit(caller, model: "", tokens: 5, at: clock.now)
    ledger.record(.test())
    _ = settle(ledger)
    clock.advance(by: .milliseconds(25))
    let idle = try #require(settle(ledger))
    #expect(try saved() == 5)
    // A call that runs long leaves no record yet.
    _ = limiter.admit(caller, model: "", tokens: 7, at: clock.now)
    #expect(idle <= .seconds(1))
    clock.advance(by: idle)
    _ = settle(ledger)
    #expect(try saved() == 12)

    // Changes that could not be written are not taken twice, and not forgotten.
    let holder = try Database(path: path)
    try holder.execute("BEGIN IMMEDIATE")
    _ = limiter.admit(caller, model: "", tokens: 11, at: clock.now)
    clock.advance(by: .seconds(1))
    _ = settle(ledger)
    _ = limiter.admit(caller, model: "", tokens: 13, at: clock.now)
    clock.advance(by: .seconds(1))
    _ = settle(ledger)
    #expect(try saved() == 12)
    try holder.execute("ROLLBACK")
    ledger.close()
    #expect(settle(ledger) == nil)
    #expect(try saved() == 36)
  }

  /// The thread itself, under eight others.
  @Test func aCloseWritesEverything() throws {
    let store = try SQLiteStore(path: path, options: Database.Options(checkpointsByItself: false))
    let ledger = try UsageLedger(
      store: store, journal: UsageJournal(capacity: 4 << 20), metrics: metrics,
      report: { [events] in events.append($0) })
    try ledger.start()
    let clients = try (0..<8).map { _ in
      try SystemThread("client") { for _ in 0..<2000 { ledger.record(.test()) } }
    }
    for client in clients { client.join() }
    ledger.close()
    #expect(try rows() == 16_000)
    #expect(events.all.isEmpty)
    #expect(try store.checkIntegrity() == [])
  }
}

/// What was reported, in order.
final class EventList: Sendable {
  private let events = Mutex<[UsageLedger.Event]>([])
  var all: [UsageLedger.Event] { events.withLock { $0 } }
  func append(_ event: UsageLedger.Event) { events.withLock { $0.append(event) } }
}
