internal import SQLite
internal import Time

extension SQLiteStore {
  package func report(_ query: UsageQuery) throws(StoreError) -> UsageReport {
    try use { connection throws(SQLiteError) in
      // One transaction, so that figures, rows and gaps are those of one moment.
      try connection.database.execute("BEGIN")
      defer { try? connection.database.execute("COMMIT") }
      return try connection.report(query)
    }
  }
}

extension SQLiteStore.Connection {
  fileprivate func report(_ query: UsageQuery) throws(SQLiteError) -> UsageReport {
    var parts: [ReportPart: UsageSums] = [:]
    let key = try query.key.map { key throws(SQLiteError) in try number(ofKnown: key) } ?? 0
    try readFigures(of: key, query, into: &parts)
    try readLatencies(of: key, query, into: &parts)
    var recent = try unfigured()
    recent.gather()
    for (group, sums) in recent.groups where query.covers(group) {
      parts[ReportPart(day: group.day.number, model: group.model), default: UsageSums()].add(sums)
    }
    var report = try report(parts, query)
    if query.isByKey { report.keys = try keyUsage(of: key, query, recent) }
    return report
  }

  private func readFigures(
    of key: Int, _ query: UsageQuery, into parts: inout [ReportPart: UsageSums]
  ) throws(SQLiteError) {
    let rows = try statement(
      """
      SELECT day, name, requests, successes, latency, instances, tokens_in, tokens_out, cached
      FROM usage_figures JOIN names ON number = model
      WHERE key = ?1 AND day BETWEEN ?2 AND ?3 AND name = ifnull(?4, name)
      """
    ).bind(key, query.days.lowerBound.number, query.days.upperBound.number, query.model)
    while try rows.step() {
      parts[ReportPart(day: rows[0], model: rows[1])] = UsageSums(
        requests: rows[2], successes: rows[3], latency: rows[4], instances: rows[5],
        tokensIn: rows[6], tokensOut: rows[7], cached: rows[8])
    }
  }

  private func readLatencies(
    of key: Int, _ query: UsageQuery, into parts: inout [ReportPart: UsageSums]
  ) throws(SQLiteError) {
    let rows = try statement(
      """
      SELECT day, name, bucket, requests FROM usage_latencies JOIN names ON number = model
      WHERE key = ?1 AND day BETWEEN ?2 AND ?3 AND name = ifnull(?4, name)
      """
    ).bind(key, query.days.lowerBound.number, query.days.upperBound.number, query.model)
    while try rows.step() {
      let part = ReportPart(day: rows[0], model: rows[1])
      parts[part, default: UsageSums()].buckets[rows[2], default: 0] += rows[3]
    }
  }

  private func report(
    _ parts: [ReportPart: UsageSums], _ query: UsageQuery
  ) throws(SQLiteError) -> UsageReport {
    var total = UsageSums()
    var days: [Int: UsageSums] = [:]
    var models: [String: UsageSums] = [:]
    for (part, sums) in parts {
      total.add(sums)
      days[part.day, default: UsageSums()].add(sums)
      models[part.model, default: UsageSums()].add(sums)
    }
    var report = UsageReport()
    report.total = total.summary
    report.days = days.sorted { $0.key < $1.key }
      .map { (CalendarDay(number: $0.key), $0.value.summary) }
    report.models = models.sorted { $0.key < $1.key }.map { ($0.key, $0.value.summary) }
    report.missing = try missing(query)
    return report
  }

  private func missing(_ query: UsageQuery) throws(SQLiteError) -> Int {
    let statement = try statement(
      "SELECT ifnull(sum(requests), 0) FROM usage_gaps WHERE last >= ? AND first < ?"
    ).bind(
      query.days.lowerBound.start.microseconds,
      CalendarDay(number: query.days.upperBound.number + 1).start.microseconds)
    defer { statement.reset() }
    return try statement.step() ? statement[0] : 0
  }

  /// - Returns: -1, which is no number, for a key that stands in no row.
  private func number(ofKnown key: KeyID) throws(SQLiteError) -> Int {
    let known = try statement("SELECT number FROM names WHERE name = ?").bind("\(key)")
    defer { known.reset() }
    return try known.step() ? known[0] : -1
  }
}

/// What a report is put together from.
private struct ReportPart: Hashable {
  let day: Int
  let model: String
}

extension UsageQuery {
  func covers(_ group: UsageFigures.Group) -> Bool {
    (key.map { $0 == group.key } ?? true) && (model.map { $0 == group.model } ?? true)
      && days.contains(group.day)
  }
}
