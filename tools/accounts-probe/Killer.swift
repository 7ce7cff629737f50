internal import Accounts
import Glibc
internal import SQLite

/// Kills a writing process again and again with SIGKILL, at times by chance, and looks each time
/// whether the database is whole and what is missing.
struct Killer {
  /// What may be lost.
  private static let allowance: UInt64 = 100_000_000
  /// Runs after which a new database is begun; within them each recovers what the last left.
  private static let runsPerDatabase = 10

  let folder: String
  let runs: Int

  private struct Outcome {
    var recorded = 0
    var missing = 0
    /// Of the oldest missing record, and how long the process was not let run since before it.
    var age: UInt64 = 0
    var stalled: UInt64 = 0
    var findings: [String] = []
  }

  /// - Returns: whether all was as it should be.
  func run() throws -> Bool {
    var failures = 0
    var oldest: UInt64 = 0
    var recorded = 0
    var missing = 0
    let log = try KillLog(path: "\(folder)/kill.log")
    for run in 0..<runs {
      let database = "\(folder)/kill-\(run / Self.runsPerDatabase).db"
      let outcome = try kill(run, database, log)
      oldest = max(oldest, outcome.age)
      recorded += outcome.recorded
      missing += outcome.missing
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
      "killed \(runs) times: \(recorded) records, \(missing) missing, the oldest "
        + "\(oldest / 1_000_000) ms old, \(failures) failures")
    return failures == 0
  }

  private func kill(_ run: Int, _ database: String, _ log: KillLog) throws -> Outcome {
    log.clear()
    let process = try start(["write", database, "\(folder)/kill.log", "run \(run)"])
    var patience = 20_000
    // One in five is killed while it starts: there the schema is made, or the log recovered.
    if run % 5 == 4 {
      usleep(UInt32.random(in: 0..<30_000))
    } else {
      while log.count(0) == 0 && log.count(1) == 0 && patience > 0 {
        usleep(500)
        patience -= 1
      }
      usleep(UInt32.random(in: 0..<150_000))
    }
    let end = Moment.now().monotonic
    _ = Glibc.kill(process, SIGKILL)
    var status: Int32 = 0
    unsafe waitpid(process, &status, 0)
    guard status & 0x7f == SIGKILL, patience > 0 else {
      throw ProbeError("the writing process ended by itself or never began")
    }
    return try look(run, database, log, killedAt: end)
  }

  private func look(
    _ run: Int, _ path: String, _ log: KillLog, killedAt end: UInt64
  ) throws -> Outcome {
    var outcome = Outcome()
    // As a server that starts again would.
    let store = try SQLiteStore(path: path)
    outcome.findings += try store.checkIntegrity().map { "integrity: \($0)" }
    let database = try Database(path: path)
    let rows = try database.prepare(
      "SELECT count(*), ifnull(max(tokens_in), -1) FROM usage WHERE endpoint = ? AND version = ?")
    for writer in 0..<KillLog.writers {
      try rows.bind("run \(run)", writer)
      guard try rows.step() else { continue }
      let kept: Int = rows[0]
      let last: Int = rows[1]
      rows.reset()
      if last != kept - 1 { outcome.findings.append("writer \(writer) has holes") }
      outcome.recorded += log.count(writer)
      outcome.missing += max(log.count(writer) - kept, 0)
      guard kept < log.count(writer) else { continue }
      let first = log.time(writer, kept)
      outcome.age = max(outcome.age, end - first)
      let stalled = log.stalls(from: first, to: end)
      if end - first > Self.allowance + stalled {
        outcome.findings.append(
          "a record \((end - first) / 1_000_000) ms old is missing, with the process stalled for "
            + "\(stalled / 1_000_000) ms")
      }
    }
    outcome.findings += try disagreements(database)
    return outcome
  }

  /// Whether rows, figures and quotas tell of the same requests: they are written together.
  private func disagreements(_ database: Database) throws -> [String] {
    let rows: Int = try database.value("SELECT count(*) FROM usage") ?? 0
    var findings: [String] = []
    for (name, sql) in [
      ("figures", "SELECT ifnull(sum(requests), 0) FROM usage_figures WHERE key = ''"),
      ("latencies", "SELECT ifnull(sum(requests), 0) FROM usage_latencies WHERE key = ''"),
    ] {
      let count: Int = try database.value(sql) ?? -1
      if count != rows { findings.append("\(rows) rows, and \(name) of \(count)") }
    }
    // A call is charged before it is recorded: quotas may know more, never less.
    let charged: Int =
      try database.value("SELECT ifnull(sum(requests), 0) FROM quotas WHERE model = ''") ?? -1
    if charged < rows { findings.append("\(rows) rows, and quotas of \(charged)") }
    return findings
  }

  private func start(_ arguments: [String]) throws(ProbeError) -> pid_t {
    var words = unsafe ([CommandLine.arguments[0]] + arguments).map { unsafe strdup($0) } + [nil]
    defer { for unsafe word in unsafe words { unsafe free(word) } }
    var process = pid_t()
    let code = unsafe posix_spawn(&process, "/proc/self/exe", nil, nil, &words, environ)
    guard code == 0 else { throw ProbeError("no process could be started") }
    return process
  }
}
