internal import SQLite
internal import Time

// What each key used. The sums stand by key, day and model: reading those of many keys takes longer
// than reading those of all together, and is done only where somebody asks.

extension SQLiteStore.Connection {
  /// The keys with the most calls first.
  ///
  /// - Parameters:
  ///   - key: its number; 0 for all keys.
  ///   - recent: what stands in no sums yet.
  func keyUsage(
    of key: Int, _ query: UsageQuery, _ recent: UsageFigures
  ) throws(SQLiteError) -> [KeyUsage] {
    var parts: [KeyID: UsageSums] = [:]
    try readFigures(of: key, query, into: &parts)
    try readLatencies(of: key, query, into: &parts)
    for (group, sums) in recent.groups where query.covers(group) {
      parts[group.key, default: UsageSums()].add(sums)
    }
    let most = parts.sorted { ($1.value.requests, $0.key) < ($0.value.requests, $1.key) }
    var keys: [KeyUsage] = []
    for (key, sums) in most.prefix(UsageReport.keyBound) {
      keys.append(KeyUsage(key: key, owner: try owner(of: key), summary: sums.summary))
    }
    return keys
  }

  private func readFigures(
    of key: Int, _ query: UsageQuery, into parts: inout [KeyID: UsageSums]
  ) throws(SQLiteError) {
    let rows = try statement(
      """
      SELECT keys.name, sum(requests), sum(successes), sum(latency), sum(instances),
        sum(tokens_in), sum(tokens_out), sum(cached)
      FROM usage_figures JOIN names keys ON keys.number = key
        JOIN names models ON models.number = model
      WHERE key = ifnull(nullif(?1, 0), key) AND day BETWEEN ?2 AND ?3
        AND models.name = ifnull(?4, models.name)
      GROUP BY key
      """
    ).bind(key, query.days.lowerBound.number, query.days.upperBound.number, query.model)
    while try rows.step() {
      parts[KeyID(rows[0]) ?? .anonymous, default: UsageSums()].add(
        UsageSums(
          requests: rows[1], successes: rows[2], latency: rows[3], instances: rows[4],
          tokensIn: rows[5], tokensOut: rows[6], cached: rows[7]))
    }
  }

  private func readLatencies(
    of key: Int, _ query: UsageQuery, into parts: inout [KeyID: UsageSums]
  ) throws(SQLiteError) {
    let rows = try statement(
      """
      SELECT keys.name, bucket, sum(requests)
      FROM usage_latencies JOIN names keys ON keys.number = key
        JOIN names models ON models.number = model
      WHERE key = ifnull(nullif(?1, 0), key) AND day BETWEEN ?2 AND ?3
        AND models.name = ifnull(?4, models.name)
      GROUP BY key, bucket
      """
    ).bind(key, query.days.lowerBound.number, query.days.upperBound.number, query.model)
    while try rows.step() {
      let key = KeyID(rows[0]) ?? .anonymous
      parts[key, default: UsageSums()].buckets[rows[1], default: 0] += rows[2]
    }
  }

  /// - Returns: empty for callers without a key.
  private func owner(of key: KeyID) throws(SQLiteError) -> String {
    let owners = try statement("SELECT owner FROM keys WHERE id = ?").bind("\(key)")
    defer { owners.reset() }
    return try owners.step() ? owners[0] : ""
  }
}
