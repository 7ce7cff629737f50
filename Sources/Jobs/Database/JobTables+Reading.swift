internal import SQLite
internal import Time

extension JobTables {
  /// A job with its result; nil if there is none of that owner.
  func job(_ id: String, owner: String?) throws(SQLiteError) -> Job? {
    let statement = try statement(
      "SELECT \(Self.columns("result")) WHERE j.id = ?1 AND (?2 IS NULL OR j.owner = ?2)"
    ).bind(id, owner)
    defer { statement.reset() }
    return try statement.step() ? Self.job(statement) : nil
  }

  /// Jobs without their results, the newest first.
  ///
  /// - Parameter last: number of the last job of the page before.
  func jobs(
    _ query: JobQuery, before last: Int64
  ) throws(SQLiteError) -> (jobs: [Job], last: Int64?) {
    // Written so that an index serves each of the four ways to ask.
    let owner = query.owner == nil ? "?1 IS NULL" : "j.owner = ?1"
    let state = query.state == nil ? "?2 IS NULL" : "j.state = ?2"
    let statement = try statement(
      """
      SELECT \(Self.columns("NULL")) WHERE \(owner) AND \(state) AND j.number < ?3
        ORDER BY j.number DESC LIMIT ?4
      """
    ).bind(query.owner, query.state?.rawValue, last, query.limit + 1)
    var jobs: [Job] = []
    var numbers: [Int64] = []
    while try statement.step() {
      guard let job = Self.job(statement) else { continue }
      jobs.append(job)
      numbers.append(statement[16])
    }
    guard jobs.count > query.limit else { return (jobs, nil) }
    return (Array(jobs.prefix(query.limit)), numbers[query.limit - 1])
  }

  func counts() throws(SQLiteError) -> [JobState: Int] {
    let statement = try statement("SELECT state, count(*) FROM jobs GROUP BY state").bind()
    var counts: [JobState: Int] = [:]
    while try statement.step() {
      if let state = JobState(rawValue: statement[0]) { counts[state] = statement[1] }
    }
    return counts
  }

  /// - Returns: rows removed; at most some hundreds.
  func removeEnded(before time: UnixTime) throws(SQLiteError) -> Int {
    try database.transaction { () throws(SQLiteError) in
      let ended = try database.value(
        "SELECT count(*) FROM jobs WHERE ended IS NOT NULL", as: Int.self)
      let surplus = max((ended ?? 0) - limits.kept, 0)
      try statement(Self.removal("ended < ?2")).bind(500, time.microseconds).run()
      var removed = database.changes
      if surplus > removed {
        try statement(Self.removal("ended IS NOT NULL")).bind(min(surplus - removed, 500)).run()
        removed += database.changes
      }
      try statement("DELETE FROM gone_receivers WHERE since < ?").bind(time.microseconds).run()
      return removed
    }
  }

  /// Those whose receivers are still to be told stay.
  private static func removal(_ condition: String) -> String {
    """
    DELETE FROM jobs WHERE number IN (SELECT number FROM jobs AS j WHERE \(condition)
      AND NOT EXISTS (SELECT 1 FROM deliveries WHERE job = j.number AND state = 1)
      ORDER BY ended LIMIT ?1)
    """
  }

  private static func columns(_ result: String) -> String {
    """
    j.id, j.owner, j.kind, j.state, j.created, j.started, j.ended, j.attempts, \(result),
      j.error_code, j.error_message, j.webhook_url, d.state, d.attempts, d.last_error, d.due,
      j.number
    FROM jobs AS j LEFT JOIN deliveries AS d ON d.job = j.number
    """
  }

  /// - Returns: nil for a row that this program would not have written.
  private static func job(_ row: Statement) -> Job? {
    guard let state = JobState(rawValue: row[3]) else { return nil }
    let code: String? = row[9]
    let url: String? = row[11]
    return Job(
      id: row[0], owner: row[1], kind: row[2], state: state,
      created: UnixTime(microseconds: row[4]),
      started: (row[5] as Int64?).map(UnixTime.init(microseconds:)),
      ended: (row[6] as Int64?).map(UnixTime.init(microseconds:)), attempts: row[7],
      result: state == .succeeded ? row[8] : nil,
      failure: code.map { JobFailure(code: $0, message: row[10]) },
      webhook: url.map { url in
        WebhookStatus(
          url: url, state: (row[12] as Int?).flatMap(WebhookStatus.State.init) ?? .pending,
          attempts: row[13], lastError: row[14],
          next: (row[15] as Int64?).map(UnixTime.init(microseconds:)))
      })
  }
}
