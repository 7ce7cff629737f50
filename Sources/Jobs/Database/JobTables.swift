internal import Crypto
internal import SQLite
internal import Time

/// The rows behind `SQLiteJobQueue`, for its thread alone.
final class JobTables {
  let database: Database
  let limits: JobLimits
  let notice: JobNotice.Writer
  private let statements: PreparedStatements

  /// Opens the file, makes it if it is not there, and brings it to today's schema.
  init(
    path: String, limits: JobLimits, notice: @escaping JobNotice.Writer
  ) throws(SQLiteError) {
    database = try Database(path: path)
    // A job that was taken in outlives a power cut too: each commit is synced to the disk.
    try database.execute("PRAGMA synchronous = FULL")
    try database.migrate(to: Self.schema)
    statements = PreparedStatements(database)
    self.limits = limits
    self.notice = notice
  }

  /// The statement, prepared at its first use.
  func statement(_ sql: String) throws(SQLiteError) -> Statement { try statements[sql] }

  // MARK: A job's life

  /// What decides over a job's next step.
  struct Row {
    let number: Int64
    let id: String
    let owner: String
    let claim: Int
    var life: JobLife
    let webhook: (url: String, host: String)?
  }

  func row(_ id: String) throws(SQLiteError) -> Row? {
    let statement = try statement(Self.rows + " WHERE id = ?").bind(id)
    defer { statement.reset() }
    return try statement.step() ? Self.row(statement) : nil
  }

  /// The running jobs whose leases have ended, all of them if `time` is nil.
  func lost(at time: UnixTime?) throws(SQLiteError) -> [Row] {
    let statement = try statement(
      Self.rows + " WHERE lease IS NOT NULL AND (?1 IS NULL OR lease <= ?1) LIMIT 1000"
    ).bind(time?.microseconds)
    var rows: [Row] = []
    while try statement.step() { if let row = Self.row(statement) { rows.append(row) } }
    return rows
  }

  private static let rows =
    "SELECT number, id, owner, claim, state, attempts, webhook_url, webhook_host FROM jobs"

  private static func row(_ row: Statement) -> Row? {
    guard let state = JobState(rawValue: row[4]) else { return nil }
    let url: String? = row[6]
    let host: String? = row[7]
    return Row(
      number: row[0], id: row[1], owner: row[2], claim: row[3],
      life: JobLife(state: state, attempts: row[5]),
      webhook: url.flatMap { url in host.map { (url, $0) } })
  }

  /// Takes the step that an event asks for, within the caller's transaction.
  ///
  /// - Parameter time: of the end, for events that may end the job.
  /// - Returns: false where the event means nothing to the job.
  func apply(
    _ event: JobLife.Event, to row: Row, result: [UInt8]? = nil, failure: JobFailure? = nil,
    at time: UnixTime? = nil
  ) throws(SQLiteError) -> Bool {
    var life = row.life
    guard life.apply(event, attemptLimit: limits.attempts) else { return false }
    if life.state.isEnd, let time {
      try statement(
        """
        UPDATE jobs SET state = ?, attempts = ?, ended = ?, lease = NULL, result = ?,
          error_code = ?, error_message = ?, payload = x'' WHERE number = ?
        """
      ).bind(
        life.state.rawValue, life.attempts, time.microseconds, result, failure?.code,
        failure?.message, row.number
      ).run()
      if let webhook = row.webhook { try tell(webhook.url, webhook.host, of: row, at: time) }
    } else {
      try statement("UPDATE jobs SET state = ?, attempts = ?, lease = NULL WHERE number = ?")
        .bind(life.state.rawValue, life.attempts, row.number).run()
    }
    return true
  }

  /// Gives a job whose holder was not heard of any more to the next, or up.
  func lose(_ row: Row, at time: UnixTime) throws(SQLiteError) {
    let failure = JobFailure(
      code: "ABORTED",
      message: "the server ended \(row.life.attempts) times while it worked on this job")
    let isLast = row.life.attempts >= limits.attempts
    _ = try apply(.lose, to: row, failure: isLast ? failure : nil, at: time)
  }
}
