internal import Accounts
import Glibc
internal import Metrics
internal import SQLite
internal import Threads

/// A process that charges and records calls as fast as a busy server, until it is killed.
struct Victim {
  let database: String
  let log: String
  /// Stands in every row.
  let label: String

  func run() throws {
    let log = try KillLog(path: log)
    let options = Database.Options(checkpointsByItself: false)
    let limiter = MemoryRateLimiter()
    let ledger = UsageLedger(
      store: try SQLiteStore(path: database, options: options), quotas: limiter,
      metrics: UsageMetrics(in: Registry()), report: { print("ledger: \($0)") })
    try ledger.start()
    // Far more often than a server does it, so that kills meet it.
    let chores = try StoreThread(
      store: try SQLiteStore(path: database), period: .milliseconds(20)
    ) { store in
      do { try store.maintain() } catch { print("chores: \(error)") }
    }
    let pulse = try ServiceThread("pulse") { beat(log) }
    let writers = try (0..<KillLog.writers).map { number in
      try ServiceThread("writer") { write(number, log, ledger, limiter) }
    }
    for writer in writers { writer.join() }
    pulse.join()
    chores.close()
  }

  private func write(
    _ writer: Int, _ log: KillLog, _ ledger: UsageLedger, _ limiter: MemoryRateLimiter
  ) {
    let caller = Caller.anonymous(isAdmin: false, limits: .unlimited)
    for number in 0..<KillLog.bound {
      let now = Moment.now()
      let decision = limiter.admit(caller, model: "", tokens: 1, at: now)
      log.willRecord(writer, at: now.monotonic)
      ledger.record(
        UsageRecord(
          key: caller.keyID, model: "probe", version: writer, endpoint: label, time: now.wall,
          latency: .microseconds(number), status: 0, tokensIn: number))
      log.didRecord(writer)
      if case .admitted(let admission) = decision { admission.finish(tokens: nil, at: now) }
      if number % 10 == 9 { usleep(1000) }
    }
  }

  /// Tells apart what the ledger is slow at from what the machine does not let it do.
  private func beat(_ log: KillLog) {
    var last = Moment.now().monotonic
    while true {
      usleep(2000)
      let now = Moment.now().monotonic
      if now - last > 5_000_000 { log.stalled(until: now, for: now - last - 2_000_000) }
      log.beat(at: now)
      last = now
    }
  }
}
