internal import Metrics
internal import SQLite

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
      try connection.database.transaction { () throws(SQLiteError) in
        try connection.write(batch.records)
        try connection.add(UsageFigures(of: batch.records))
        try connection.add(batch.quotas)
        if let gap = batch.gap { try connection.write(gap) }
        if let position = batch.position { try connection.write(position) }
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
        (Self.deletion("usage", key: "number", by: "time"), oldestRecord.microseconds),
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

  private static func deletion(_ table: String, key: String, by column: String) -> String {
    """
    DELETE FROM \(table) WHERE (\(key)) IN (
      SELECT \(key) FROM \(table) WHERE \(column) < ? ORDER BY \(column) LIMIT ?)
    """
  }
}

/// Sums over records, as reports want them.
struct UsageFigures {
  struct Group: Hashable {
    /// Empty for all keys together.
    let key: String
    let day: Int
    let model: String
  }

  struct Sums {
    var requests = 0, successes = 0, latency: Int64 = 0, instances = 0
    var tokensIn = 0, tokensOut = 0, cached = 0
    /// Requests by bucket of their latency.
    var buckets: [Int: Int] = [:]

    mutating func add(_ record: UsageRecord) {
      requests += 1
      successes += record.status == 0 ? 1 : 0
      self.latency += record.latency.microseconds
      instances += record.instances
      tokensIn += record.tokensIn
      tokensOut += record.tokensOut
      cached += record.cached ? 1 : 0
      let latency = min(record.latency.nanoseconds, Histogram.maximum)
      buckets[Histogram.index(of: latency), default: 0] += 1
    }
  }

  private(set) var groups: [Group: Sums] = [:]

  init(of records: [UsageRecord]) {
    for record in records {
      let day = record.time.day.number
      let model = record.model.cut
      for key in ["\(record.key)", ""] {
        groups[Group(key: key, day: day, model: model), default: Sums()].add(record)
      }
    }
  }
}

extension SQLiteStore.Connection {
  fileprivate func write(_ records: [UsageRecord]) throws(SQLiteError) {
    let insertion = try statement(
      """
      INSERT INTO usage (time, key, model, version, endpoint, latency, status, instances,
        tokens_in, tokens_out, cached, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """)
    for record in records {
      try insertion.bind(
        record.time.microseconds, "\(record.key)", record.model.cut, record.version,
        record.endpoint.cut, record.latency.microseconds, record.status, record.instances,
        record.tokensIn, record.tokensOut, record.cached, record.requestID.cut
      ).run()
    }
  }

  fileprivate func add(_ figures: UsageFigures) throws(SQLiteError) {
    let sums = try statement(
      """
      INSERT INTO usage_figures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET requests = requests + excluded.requests,
        successes = successes + excluded.successes, latency = latency + excluded.latency,
        instances = instances + excluded.instances, tokens_in = tokens_in + excluded.tokens_in,
        tokens_out = tokens_out + excluded.tokens_out, cached = cached + excluded.cached
      """)
    let buckets = try statement(
      """
      INSERT INTO usage_latencies VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET requests = requests + excluded.requests
      """)
    for (group, sum) in figures.groups {
      try sums.bind(
        group.key, group.day, group.model, sum.requests, sum.successes, sum.latency,
        sum.instances, sum.tokensIn, sum.tokensOut, sum.cached
      ).run()
      for (bucket, requests) in sum.buckets {
        try buckets.bind(group.key, group.day, group.model, bucket, requests).run()
      }
    }
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
}

extension SQLiteStore.Connection {
  fileprivate func write(_ position: UsagePosition) throws(SQLiteError) {
    // The journals of before are done with: one process at a time writes usage to a database.
    try statement("DELETE FROM usage_positions WHERE journal <> ?")
      .bind(Int64(bitPattern: position.journal)).run()
    try statement("INSERT OR REPLACE INTO usage_positions VALUES (?, ?)")
      .bind(Int64(bitPattern: position.journal), Int64(bitPattern: position.offset)).run()
  }
}

extension String {
  /// At most `UsageRecord.textLimit` bytes of it.
  fileprivate var cut: String {
    utf8.count <= UsageRecord.textLimit
      ? self : String(decoding: utf8.prefix(UsageRecord.textLimit), as: UTF8.self)
  }
}
