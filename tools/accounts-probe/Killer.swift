internal import Accounts
import Glibc
internal import SQLite
internal import Time

/// Kills a writing process again and again with SIGKILL, at times by chance, opens the ledger as
/// the next server would, and looks each time whether the database is whole and what is missing.
struct Killer {
  /// Runs after which a new database is begun; within them each goes on with what the last left.
  private static let runsPerDatabase = 10

  let folder: String
  let runs: Int

  private struct Outcome {
    var recorded = 0
    /// Written by the killed process itself.
    var written = 0
    /// Found by the next one.
    var inherited: Int { recorded - written }
    var findings: [String] = []
  }

  /// - Returns: whether all was as it should be.
  func run() throws -> Bool {
    var failures = 0
    var recorded = 0
    var inherited = 0
    let log = try KillLog(path: "\(folder)/kill.log")
    for run in 0..<runs {
      let database = "\(folder)/kill-\(run / Self.runsPerDatabase).db"
      let outcome = try kill(run, database, log)
      recorded += outcome.recorded
      inherited += outcome.inherited
      for finding in outcome.findings {
        failures += 1
        print("run \(run): \(finding)")
      }
      if run % Self.runsPerDatabase == Self.runsPerDatabase - 1 || run == runs - 1 {
        removeDatabase(database)
      }
    }
    unsafe unlink("\(folder)/kill.log")
    print(
      "killed \(runs) times: \(recorded) records, \(inherited) of them written by the next "
        + "process, \(failures) failures")
    return failures == 0
  }

  private func kill(_ run: Int, _ database: String, _ log: KillLog) throws -> Outcome {
    for writer in 0..<KillLog.writers { log[writer] = 0 }
    let process = try start(["write", database, "\(folder)/kill.log", "run \(run)"])
    var patience = 120_000
    // One in five is killed while it starts: there the schema is made, or the log recovered.
    if run % 5 == 4 {
      usleep(UInt32.random(in: 0..<30_000))
    } else {
      while (0..<KillLog.writers).allSatisfy({ log[$0] == 0 }) && patience > 0 {
        usleep(500)
        patience -= 1
      }
      usleep(UInt32.random(in: 0..<150_000))
    }
    _ = Glibc.kill(process, SIGKILL)
    var status: Int32 = 0
    unsafe waitpid(process, &status, 0)
    guard status & 0x7f == SIGKILL, patience > 0 else {
      throw ProbeError("the writing process ended by itself or never began")
    }
    return try look(run, database, log)
  }

  private func look(_ run: Int, _ path: String, _ log: KillLog) throws -> Outcome {
    var outcome = Outcome()
    let store = try SQLiteStore(path: path)
    outcome.findings += try store.checkIntegrity().map { "integrity: \($0)" }
    let database = try Database(path: path)
    outcome.written = try rows(database, run).reduce(0) { $0 + $1.count }
    let ledger = try Ledger.open(path)
    try ledger.start()
    ledger.close()
    for (writer, rows) in try rows(database, run).enumerated() {
      outcome.recorded += rows.count
      if rows.last != rows.count - 1 || rows.distinct != rows.count {
        outcome.findings.append("writer \(writer): records are missing or doubled in between")
      }
      // One more when it was killed between the record and the counting of it.
      if rows.count != log[writer] && rows.count != log[writer] + 1 {
        outcome.findings.append(
          "writer \(writer): \(log[writer]) records were made, and \(rows.count) are there")
      }
    }
    outcome.findings += try disagreements(store, database)
    return outcome
  }

  /// What there is of each writer: rows, different numbers among them, and the last number.
  private func rows(
    _ database: Database, _ run: Int
  ) throws -> [(count: Int, distinct: Int, last: Int)] {
    let rows = try database.prepare(
      """
      SELECT count(*), count(DISTINCT tokens_in), ifnull(max(tokens_in), -1)
      FROM usage JOIN names ON names.number = endpoint WHERE name = ? AND version = ?
      """)
    return try (0..<KillLog.writers).map { writer in
      try rows.bind("run \(run)", writer)
      defer { rows.reset() }
      return try rows.step() ? (rows[0], rows[1], rows[2]) : (0, 0, -1)
    }
  }

  /// Whether rows and reports tell of the same requests.
  private func disagreements(_ store: SQLiteStore, _ database: Database) throws -> [String] {
    let rows: Int = try database.value("SELECT count(*) FROM usage") ?? 0
    let today = UnixTime.now().day
    let days = CalendarDay(number: today.number - 1)...CalendarDay(number: today.number + 1)
    return try [nil, KeyID.anonymous].compactMap { key in
      let requests = try store.report(UsageQuery(key: key, days: days)).total.requests
      return requests == rows ? nil : "\(rows) rows, and a report of \(requests)"
    }
  }

  private func start(_ arguments: [String]) throws(ProbeError) -> pid_t {
    var words = unsafe ([CommandLine.arguments[0]] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    var process = pid_t()
    let code = unsafe posix_spawn(&process, "/proc/self/exe", nil, nil, &words, environ)
    guard code == 0 else { throw ProbeError("no process could be started") }
    return process
  }
}
