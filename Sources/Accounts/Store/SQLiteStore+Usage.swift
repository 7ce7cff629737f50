internal import SQLite
package import Time

extension SQLiteStore {
  package func quotas(of month: CalendarMonth) throws(StoreError) -> [QuotaUse] {
    try use { connection throws(SQLiteError) in
      let statement = try connection.statement(
        "SELECT key, model, requests, tokens FROM quotas WHERE month = ?"
      ).bind(month.number)
      var uses: [QuotaUse] = []
      while try statement.step() {
        guard let id = KeyID(statement[0]) else { continue }
        uses.append(
          QuotaUse(
            month: month, keyID: id, model: statement[1], requests: statement[2],
            tokens: statement[3]))
      }
      return uses
    }
  }

  package func usagePosition(ofJournal identity: UInt64) throws(StoreError) -> UInt64? {
    try use { connection throws(SQLiteError) in
      let statement = try connection.statement(
        "SELECT position FROM usage_positions WHERE journal = ?"
      ).bind(Int64(bitPattern: identity))
      defer { statement.reset() }
      return try statement.step() ? UInt64(bitPattern: statement[0]) : nil
    }
  }

  package func write(_ batch: UsageBatch) throws(StoreError) {
    try use { connection throws(SQLiteError) in
      do throws(SQLiteError) {
        try connection.database.transaction { () throws(SQLiteError) in
          if !batch.records.isEmpty { try connection.write(batch.records) }
          try connection.add(batch.quotas)
          if let gap = batch.gap { try connection.write(gap) }
          if let position = batch.position { try connection.write(position) }
        }
      } catch {
        connection.forgetNames()
        connection.unsaved = nil
        throw error
      }
    }
  }

  package func forget(
    _ retention: UsageRetention, now: UnixTime, limit: Int
  ) throws(StoreError) -> Int {
    try use { connection throws(SQLiteError) in
      let oldestRecord = CalendarDay(number: now.day.number - retention.records).start
      let oldestDay = Int64(now.day.number - retention.figures)
      let oldestMonth = Int64(now.month.number - 12)
      let deletions = [
        (Self.firstRows, oldestRecord.microseconds),
        (Self.deletion("usage_gaps", key: "number", by: "last"), oldestRecord.microseconds),
        (Self.deletion("usage_latencies", key: "key, day, model, bucket", by: "day"), oldestDay),
        (Self.deletion("usage_figures", key: "key, day, model", by: "day"), oldestDay),
        (Self.deletion("quotas", key: "month, key, model", by: "month"), oldestMonth),
      ]
      var forgotten = 0
      for (deletion, before) in deletions where forgotten < limit {
        try connection.statement(deletion).bind(before, limit - forgotten).run()
        forgotten += connection.database.changes
      }
      return forgotten
    }
  }

  /// Rows are in the order in which calls ended, all but: what is a little out of it goes with a
  /// later step. Rows that the figures do not hold stay, and one more, so that numbers never begin
  /// anew.
  private static let firstRows = """
    DELETE FROM usage WHERE number IN (
      SELECT number FROM (
        SELECT number, time FROM usage WHERE number < (SELECT figured FROM usage_state)
        ORDER BY number LIMIT ?2)
      WHERE time < ?1)
    """

  private static func deletion(_ table: String, key: String, by column: String) -> String {
    """
    DELETE FROM \(table) WHERE (\(key)) IN (
      SELECT \(key) FROM \(table) WHERE \(column) < ? ORDER BY \(column) LIMIT ?)
    """
  }
}

extension SQLiteStore.Connection {
  fileprivate func write(_ records: [UsageRecord]) throws(SQLiteError) {
    // Taken out, so that it is changed where it is; a failure leaves none, and it is read again.
    var unsaved = try takeUnsaved()
    let insertion = try statement(
      """
      INSERT INTO usage (time, key, model, version, endpoint, latency, status, instances,
        tokens_in, tokens_out, cached, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """)
    // Most records have key, model and endpoint in common with the one before.
    var key = RecentName<KeyID>()
    var model = RecentName<String>()
    var endpoint = RecentName<String>()
    for record in records {
      try insertion.bind(
        record.time.microseconds, key.number(of: record.key, in: self),
        model.number(of: record.model, in: self), record.version,
        endpoint.number(of: record.endpoint, in: self), record.latency.microseconds,
        record.status, record.instances, record.tokensIn, record.tokensOut, record.cached,
        record.requestID.cut
      ).run()
      unsaved.figures.add(record)
    }
    unsaved.last = database.lastInsertedRow
    unsaved.batches += 1
    if unsaved.isDue { try save(&unsaved) }
    self.unsaved = unsaved
  }

  fileprivate func add(_ quotas: [QuotaUse]) throws(SQLiteError) {
    let addition = try statement(
      """
      INSERT INTO quotas VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        requests = requests + excluded.requests, tokens = tokens + excluded.tokens
      """)
    for use in quotas {
      try addition.bind(
        use.month.number, "\(use.keyID)", use.model, use.requests, use.tokens
      ).run()
    }
  }

  fileprivate func write(_ gap: UsageGap) throws(SQLiteError) {
    try statement(
      """
      INSERT INTO usage_gaps (first, last, requests, tokens_in, tokens_out)
      VALUES (?, ?, ?, ?, ?)
      """
    ).bind(
      gap.first.microseconds, gap.last.microseconds, gap.requests, gap.tokensIn, gap.tokensOut
    ).run()
  }

  fileprivate func write(_ position: UsagePosition) throws(SQLiteError) {
    // The journals of before are done with: one process at a time writes usage to a database.
    try statement("DELETE FROM usage_positions WHERE journal <> ?")
      .bind(Int64(bitPattern: position.journal)).run()
    try statement("INSERT OR REPLACE INTO usage_positions VALUES (?, ?)")
      .bind(Int64(bitPattern: position.journal), Int64(bitPattern: position.offset)).run()
  }
}

/// The name that was last asked for, and its number.
private struct RecentName<Name: Equatable & CustomStringConvertible> {
  private var last: (name: Name, number: Int)?

  mutating func number(
    of name: Name, in connection: SQLiteStore.Connection
  ) throws(SQLiteError) -> Int {
    if let last, last.name == name { return last.number }
    let number = try connection.number(ofName: name.description.cut)
    last = (name, number)
    return number
  }
}

extension String {
  /// At most `UsageRecord.textLimit` bytes of it.
  var cut: String {
    utf8.count <= UsageRecord.textLimit
      ? self : String(decoding: utf8.prefix(UsageRecord.textLimit), as: UTF8.self)
  }
}
