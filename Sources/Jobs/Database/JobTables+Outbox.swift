internal import Crypto
internal import JSON
internal import SQLite
internal import Time

extension JobTables {
  private static let pending = WebhookStatus.State.pending.rawValue
  private static let delivered = WebhookStatus.State.delivered.rawValue
  private static let dead = WebhookStatus.State.dead.rawValue

  /// Puts the call of a job that just ended into the outbox, within the caller's transaction.
  func tell(
    _ url: String, _ host: String, of row: Row, at time: UnixTime
  ) throws(SQLiteError) {
    guard let job = try job(row.id, owner: nil) else { return }
    let isGone = try isGone(url, owner: row.owner)
    // Told apart by its job: the same even if the end of the job is written a second time.
    try statement(
      """
      INSERT INTO deliveries (id, job, owner, url, host, body, state, due, last_error, created)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      "msg_" + row.id.dropFirst(4), row.number, row.owner, url, host, notice(job),
      isGone ? Self.dead : Self.pending, isGone ? nil : time.microseconds,
      isGone ? Self.goneError : "", time.microseconds
    ).run()
  }

  private static let goneError = "the receiver answered 410 to an earlier call"

  private func isGone(_ url: String, owner: String) throws(SQLiteError) -> Bool {
    let statement = try statement("SELECT 1 FROM gone_receivers WHERE owner = ? AND url = ?")
      .bind(owner, url)
    defer { statement.reset() }
    return try statement.step()
  }

  func dueDeliveries(
    at time: UnixTime, until lease: UnixTime, limit: Int, load: DeliveryLoad
  ) throws(SQLiteError) -> [Delivery] {
    let statement = try statement(
      """
      SELECT id, owner, url, host, body, attempts FROM deliveries
        WHERE due <= ?1 AND (lease IS NULL OR lease <= ?1)
          AND host NOT IN (SELECT value FROM json_each(?2))
          AND owner NOT IN (SELECT value FROM json_each(?3))
        ORDER BY due LIMIT ?4
      """
    ).bind(time.microseconds, Self.list(load.hosts), Self.list(load.owners), limit)
    var due: [Delivery] = []
    while try statement.step() {
      due.append(
        Delivery(
          id: statement[0], owner: statement[1], url: statement[2], host: statement[3],
          body: statement[4], attempts: statement[5]))
    }
    guard !due.isEmpty else { return [] }
    try database.transaction { () throws(SQLiteError) in
      let update = try self.statement("UPDATE deliveries SET lease = ? WHERE id = ?")
      for delivery in due { try update.bind(lease.microseconds, delivery.id).run() }
    }
    return due
  }

  func nextDue(after time: UnixTime) throws(SQLiteError) -> UnixTime? {
    let statement = try statement(
      """
      SELECT min(time) FROM (
        SELECT min(due) AS time FROM deliveries WHERE due > ?1
        UNION ALL SELECT min(lease) FROM deliveries WHERE lease > ?1)
      """
    ).bind(time.microseconds)
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    return (statement[0] as Int64?).map(UnixTime.init(microseconds:))
  }

  func record(
    _ outcome: DeliveryOutcome, of id: String, at time: UnixTime
  ) throws(SQLiteError) {
    switch outcome {
    case .delivered:
      try statement(
        """
        UPDATE deliveries SET state = ?, attempts = attempts + 1, due = NULL, lease = NULL,
          last_error = '', body = x'' WHERE id = ? AND due IS NOT NULL
        """
      ).bind(Self.delivered, id).run()
    case .retry(let next, let error):
      try statement(
        """
        UPDATE deliveries SET attempts = attempts + 1, due = ?, lease = NULL, last_error = ?
          WHERE id = ? AND due IS NOT NULL
        """
      ).bind(next.microseconds, error, id).run()
    case .dead(let error): try bury(id, error)
    case .gone(let error):
      try database.transaction { () throws(SQLiteError) in
        try bury(id, error)
        try statement(
          """
          INSERT OR REPLACE INTO gone_receivers
            SELECT owner, url, ? FROM deliveries WHERE id = ?
          """
        ).bind(time.microseconds, id).run()
        try statement(
          """
          UPDATE deliveries SET state = ?1, due = NULL, lease = NULL, last_error = ?2
            WHERE due IS NOT NULL
              AND (owner, url) = (SELECT owner, url FROM deliveries WHERE id = ?3)
          """
        ).bind(Self.dead, Self.goneError, id).run()
      }
    }
  }

  private func bury(_ id: String, _ error: String) throws(SQLiteError) {
    try statement(
      """
      UPDATE deliveries SET state = ?, attempts = attempts + 1, due = NULL, lease = NULL,
        last_error = ? WHERE id = ? AND due IS NOT NULL
      """
    ).bind(Self.dead, error, id).run()
  }

  func deliveryCounts() throws(SQLiteError) -> [WebhookStatus.State: Int] {
    let statement = try statement("SELECT state, count(*) FROM deliveries GROUP BY state").bind()
    var counts: [WebhookStatus.State: Int] = [:]
    while try statement.step() {
      if let state = WebhookStatus.State(rawValue: statement[0]) { counts[state] = statement[1] }
    }
    return counts
  }

  func deadLetters(
    of owner: String?, limit: Int, before last: Int64
  ) throws(SQLiteError) -> (letters: [DeadLetter], last: Int64?) {
    let condition = owner == nil ? "?2 IS NULL" : "d.owner = ?2"
    let statement = try statement(
      """
      SELECT d.id, j.id, d.owner, d.url, d.attempts, d.last_error, d.created, d.number
        FROM deliveries AS d JOIN jobs AS j ON j.number = d.job
        WHERE d.state = ?1 AND \(condition) AND d.number < ?3 ORDER BY d.number DESC LIMIT ?4
      """
    ).bind(Self.dead, owner, last, limit + 1)
    var letters: [DeadLetter] = []
    var numbers: [Int64] = []
    while try statement.step() {
      letters.append(
        DeadLetter(
          id: statement[0], job: statement[1], owner: statement[2], url: statement[3],
          attempts: statement[4], lastError: statement[5],
          created: UnixTime(microseconds: statement[6])))
      numbers.append(statement[7])
    }
    guard letters.count > limit else { return (letters, nil) }
    return (Array(letters.prefix(limit)), numbers[limit - 1])
  }

  /// - Returns: false if there is no such dead letter of that owner.
  func redeliver(
    _ id: String, owner: String?, at time: UnixTime
  ) throws(SQLiteError) -> Bool {
    try database.transaction { () throws(SQLiteError) in
      try statement(
        """
        UPDATE deliveries SET state = ?1, attempts = 0, due = ?2, last_error = ''
          WHERE id = ?3 AND state = ?4 AND (?5 IS NULL OR owner = ?5)
        """
      ).bind(Self.pending, time.microseconds, id, Self.dead, owner).run()
      guard database.changes > 0 else { return false }
      try statement(
        """
        DELETE FROM gone_receivers
          WHERE (owner, url) = (SELECT owner, url FROM deliveries WHERE id = ?)
        """
      ).bind(id).run()
      return true
    }
  }

  private static func list(_ names: Set<String>) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for name in names.sorted() { writer.string(name) }
    writer.endArray()
    return writer.text
  }
}
