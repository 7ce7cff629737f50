internal import Accounts
import Glibc
internal import Metrics
internal import SQLite
internal import Threads
internal import Time

/// A process that charges and records calls as fast as a busy server, until it is killed.
struct Victim {
  let database: String
  let log: String
  /// Stands in every row.
  let label: String

  func run() throws {
    let log = try KillLog(path: log)
    let limiter = MemoryRateLimiter()
    let ledger = try Ledger.open(database, quotas: limiter)
    try ledger.start()
    // Far more often than a server does it, so that kills meet it.
    let chores = try StoreThread(
      store: try SQLiteStore(path: database), period: .milliseconds(20)
    ) { store in
      do { try store.maintain() } catch { print("chores: \(error)") }
    }
    let writers = try (0..<KillLog.writers).map { number in
      try SystemThread("writer") { write(number, log, ledger, limiter) }
    }
    for writer in writers { writer.join() }
    chores.close()
  }

  private func write(
    _ writer: Int, _ log: KillLog, _ ledger: UsageLedger, _ limiter: MemoryRateLimiter
  ) {
    let caller = Caller.anonymous(isAdmin: false, limits: .unlimited)
    var number = 0
    while true {
      let now = Moment.now()
      let decision = limiter.admit(caller, model: "", tokens: 1, at: now)
      ledger.record(
        UsageRecord(
          key: caller.keyID, model: "probe", version: writer, endpoint: label, time: now.wall,
          latency: .microseconds(number), status: 0, tokensIn: number))
      number += 1
      log[writer] = number
      if case .admitted(let admission) = decision { admission.finish(tokens: nil, at: now) }
      if number % 10 == 0 { usleep(1000) }
    }
  }
}

/// The ledger as a server opens it.
enum Ledger {
  static func open(
    _ database: String, quotas: (any QuotaSource)? = nil
  ) throws -> UsageLedger {
    let options = Database.Options(checkpointsByItself: false)
    let store = try SQLiteStore(path: database, options: options)
    return try UsageLedger(
      store: store, journal: try UsageJournal.open(forDatabase: database), quotas: quotas,
      metrics: UsageMetrics(in: Registry())
    ) { event in
      if case .inherited = event { return }
      print("ledger: \(event)")
    }
  }
}
