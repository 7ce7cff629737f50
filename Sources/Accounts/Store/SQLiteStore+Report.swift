internal import Metrics
internal import SQLite

extension SQLiteStore {
  package func report(_ query: UsageQuery) throws(StoreError) -> UsageReport {
    try use { connection throws(SQLiteError) in
      // One transaction, so that figures, latencies and gaps are those of one moment.
      try connection.database.execute("BEGIN")
      defer { try? connection.database.execute("COMMIT") }
      return try connection.report(query)
    }
  }
}

extension SQLiteStore.Connection {
  fileprivate func report(_ query: UsageQuery) throws(SQLiteError) -> UsageReport {
    var total = FigureSum()
    var days: [Int: FigureSum] = [:]
    var models: [String: FigureSum] = [:]
    let figures = try statement(
      """
      SELECT day, model, requests, successes, latency, instances, tokens_in, tokens_out, cached
      FROM usage_figures WHERE key = ?1 AND day BETWEEN ?2 AND ?3 AND model = ifnull(?4, model)
      """
    ).bind(query.storedKey, query.firstDay, query.lastDay, query.model)
    while try figures.step() {
      let day: Int = figures[0]
      let model: String = figures[1]
      total.add(figures)
      days[day, default: FigureSum()].add(figures)
      models[model, default: FigureSum()].add(figures)
    }
    let latencies = try statement(
      """
      SELECT day, model, bucket, requests FROM usage_latencies
      WHERE key = ?1 AND day BETWEEN ?2 AND ?3 AND model = ifnull(?4, model)
      """
    ).bind(query.storedKey, query.firstDay, query.lastDay, query.model)
    while try latencies.step() {
      let day: Int = latencies[0]
      let model: String = latencies[1]
      total.add(bucket: latencies[2], requests: latencies[3])
      days[day, default: FigureSum()].add(bucket: latencies[2], requests: latencies[3])
      models[model, default: FigureSum()].add(bucket: latencies[2], requests: latencies[3])
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
      CalendarDay(number: query.lastDay + 1).start.microseconds)
    defer { statement.reset() }
    return try statement.step() ? statement[0] : 0
  }
}

extension UsageQuery {
  fileprivate var storedKey: String { key?.description ?? "" }
  fileprivate var firstDay: Int { days.lowerBound.number }
  fileprivate var lastDay: Int { days.upperBound.number }
}

/// A summary in the making: what is added up, before the percentiles are read off.
private struct FigureSum {
  private var sums = UsageSummary()
  private var latency: Int64 = 0
  private var buckets: [Int: Int] = [:]

  /// - Parameter row: of `usage_figures`, from the column of requests on at 2.
  mutating func add(_ row: Statement) {
    sums.requests += row[2]
    sums.successes += row[3]
    latency += row[4]
    sums.instances += row[5]
    sums.tokensIn += row[6]
    sums.tokensOut += row[7]
    sums.cached += row[8]
  }

  mutating func add(bucket: Int, requests: Int) { buckets[bucket, default: 0] += requests }

  var summary: UsageSummary {
    var summary = sums
    guard summary.requests > 0 else { return summary }
    summary.meanLatency = .microseconds(latency / Int64(summary.requests))
    let sorted = buckets.sorted { $0.key < $1.key }
    summary.p50 = percentile(0.5, sorted)
    summary.p95 = percentile(0.95, sorted)
    summary.p99 = percentile(0.99, sorted)
    return summary
  }

  /// Nearest rank: the smallest latency with at least that share at or below it.
  private func percentile(_ share: Double, _ sorted: [(key: Int, value: Int)]) -> Duration {
    let rank = max(1, Int((share * Double(sums.requests)).rounded(.up)))
    var seen = 0
    for (bucket, requests) in sorted {
      seen += requests
      if seen >= rank { return .nanoseconds(Int64(Histogram.middle(of: bucket))) }
    }
    return .zero
  }
}
