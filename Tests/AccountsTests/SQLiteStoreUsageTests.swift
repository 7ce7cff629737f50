import Accounts
import SQLite
import TestSupport
import Testing
import Time

@Suite struct SQLiteStoreUsageTests {
  let folder: TemporaryFolder
  let path: String
  let store: SQLiteStore
  let monday = CalendarDay(number: 20_777)

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("apus.db")
    store = try SQLiteStore(path: path)
  }

  private func count(_ table: String) throws -> Int? {
    try Database(path: path, access: .readOnly).value("SELECT count(*) FROM \(table)")
  }

  @Test func aRowHoldsEverything() throws {
    let record = UsageRecord(
      key: try #require(KeyID("Ab3xZ09k")), model: "minilm", version: 3, endpoint: "/v1/predict",
      time: monday.start.advanced(by: .microseconds(7)), latency: .microseconds(1234), status: 8,
      instances: 2, tokensIn: 11, tokensOut: 22, cached: true, requestID: "abc")
    try store.write(UsageBatch(records: [record]))
    let database = try Database(path: path, access: .readOnly)
    let row = try database.prepare(
      """
      SELECT key, model, version, endpoint, time, latency_ms, status, instances, tokens_in,
        tokens_out, cached, request_id FROM requests
      """)
    #expect(try row.step())
    #expect(row[0] as String == "Ab3xZ09k" && row[1] as String == "minilm" && row[2] as Int == 3)
    #expect(row[3] as String == "/v1/predict")
    #expect((row[4] as String).hasPrefix("\(monday) 00:00:00"))
    #expect(row[5] as Double == 1.234 && row[6] as Int == 8 && row[7] as Int == 2)
    #expect(row[8] as Int == 11 && row[9] as Int == 22 && row[10] as Bool)
    #expect(row[11] as String == "abc")
    #expect(try !row.step())
    #expect(try database.value("SELECT time FROM usage") == record.time.microseconds)
  }

  @Test func longTextIsCut() throws {
    let long = String(repeating: "é", count: 1000)
    try store.write(UsageBatch(records: [.test(model: long, requestID: long)]))
    let longest: Int? = try Database(path: path, access: .readOnly)
      .value("SELECT max(length(CAST(name AS BLOB))) FROM names")
    #expect(longest == UsageRecord.textLimit)
    let report = try store.report(UsageQuery(key: nil, days: monday...CalendarDay(number: 30_000)))
    #expect(report.models.count == 1)
  }

  /// Random records over days, keys and models; sums exactly, percentiles within 3.2 %.
  @Test(arguments: 0..<5)
  func aReportIsWhatARecountOfAllRowsGives(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let keys = ["AAAAAAAA", "BBBBBBBB", "CCCCCCCC"].compactMap { KeyID($0) }
    var records: [UsageRecord] = []
    // Figures are written with every fortieth batch: some are in the tables, some only in rows.
    let other = try SQLiteStore(path: path)
    for _ in 0..<Int.random(in: 20...100, using: &random) {
      let batch = (0..<Int.random(in: 0...30, using: &random)).map { _ in
        UsageRecord.test(
          key: keys.randomElement(using: &random) ?? .anonymous,
          model: ["", "minilm", "storyteller"].randomElement(using: &random) ?? "",
          time: monday.start.advanced(
            by: .microseconds(Int64.random(in: 0..<5 * 86_400_000_000, using: &random))),
          latency: .microseconds(Int64(exp10(random: &random))),
          status: Int.random(in: 0..<4, using: &random) == 0 ? 13 : 0,
          tokensIn: Int.random(in: 0...100, using: &random),
          tokensOut: Int.random(in: 0...100, using: &random),
          cached: Bool.random(using: &random))
      }
      // Two connections that write do not confuse the figures, though no two servers do it.
      let writer = Int.random(in: 0..<10, using: &random) == 0 ? other : store
      try writer.write(UsageBatch(records: batch))
      records += batch
    }
    for key in keys + [nil] {
      for model in ["minilm", nil] {
        let days = CalendarDay(number: monday.number + 1)...CalendarDay(number: monday.number + 3)
        let report = try store.report(
          UsageQuery(key: key, days: days, model: model, isByKey: true))
        let expected = records.filter { record in
          (key.map { record.key == $0 } ?? true) && (model.map { record.model == $0 } ?? true)
            && days.contains(record.time.day)
        }
        check(report.total, expected)
        #expect(report.days.map(\.day) == Set(expected.map(\.time.day)).sorted())
        for (day, summary) in report.days { check(summary, expected.filter { $0.time.day == day }) }
        #expect(report.models.map(\.model) == Set(expected.map(\.model)).sorted())
        for (model, summary) in report.models {
          check(summary, expected.filter { $0.model == model })
        }
        #expect(Set(report.keys.map(\.key)) == Set(expected.map(\.key)))
        let requests = report.keys.map(\.summary.requests)
        #expect(requests == requests.sorted(by: >))
        for each in report.keys { check(each.summary, expected.filter { $0.key == each.key }) }
      }
    }
  }

  @Test func aKeysUsageHasItsOwner() throws {
    let ada = try KeyAdministration(store: store).create(KeyRequest(owner: "Ada"), at: .now())
    try store.write(
      UsageBatch(records: [.test(key: ada.key.id), .test(key: ada.key.id), .test(key: .anonymous)]))
    let days = monday...CalendarDay(number: 30_000)
    let report = try store.report(UsageQuery(key: nil, days: days, isByKey: true))
    #expect(report.keys.map(\.key) == [ada.key.id, .anonymous])
    #expect(report.keys.map(\.owner) == ["Ada", ""])
    #expect(try store.report(UsageQuery(key: nil, days: days)).keys.isEmpty)
  }

  private func exp10(random: inout SeededGenerator) -> Double {
    var value = 1.0
    for _ in 0..<Int.random(in: 0...6, using: &random) { value *= 10 }
    return value * Double.random(in: 1..<10, using: &random)
  }

  private func check(_ summary: UsageSummary, _ records: [UsageRecord]) {
    #expect(summary.requests == records.count)
    #expect(summary.successes == records.filter { $0.status == 0 }.count)
    #expect(summary.instances == records.count)
    #expect(summary.tokensIn == records.reduce(0) { $0 + $1.tokensIn })
    #expect(summary.tokensOut == records.reduce(0) { $0 + $1.tokensOut })
    #expect(summary.cached == records.filter(\.cached).count)
    guard !records.isEmpty else { return }
    let latencies = records.map(\.latency).sorted()
    let mean = latencies.reduce(.zero, +) / latencies.count
    #expect(mean - summary.meanLatency < .microseconds(1))
    for (share, percentile) in [(50, summary.p50), (95, summary.p95), (99, summary.p99)] {
      let exact = latencies[(share * latencies.count + 99) / 100 - 1]
      #expect(abs(percentile / exact - 1) < 0.032, "p\(share): \(percentile) for \(exact)")
    }
  }

  @Test func aReportOfNothingIsEmpty() throws {
    let report = try store.report(UsageQuery(key: nil, days: monday...monday))
    #expect(report == UsageReport())
    #expect(report.total.successRate == nil)
  }

  @Test func quotasAddUpByMonthKeyAndModel() throws {
    let key = try #require(KeyID("AAAAAAAA"))
    let month = monday.month
    func use(_ month: CalendarMonth, _ model: String, _ requests: Int, _ tokens: Int) -> QuotaUse {
      QuotaUse(month: month, keyID: key, model: model, requests: requests, tokens: tokens)
    }
    try store.write(UsageBatch(quotas: [use(month, "", 1, 30), use(month, "m", 1, 30)]))
    try store.write(UsageBatch(quotas: [use(month, "", 2, -10), use(month.next, "", 5, 5)]))
    let uses = try store.quotas(of: month).sorted { $0.model < $1.model }
    #expect(uses == [use(month, "", 3, 20), use(month, "m", 1, 30)])
    #expect(try store.quotas(of: month.next) == [use(month.next, "", 5, 5)])
  }

  @Test func aFailingBatchLeavesNothingBehind() throws {
    let database = try Database(path: path)
    try database.execute(
      """
      CREATE TRIGGER refuse BEFORE INSERT ON usage_gaps
      BEGIN SELECT raise(ABORT, 'refused'); END
      """)
    let days = monday...CalendarDay(number: 30_000)
    let gap = UsageGap(
      first: monday.start, last: monday.start, requests: 1, tokensIn: 0, tokensOut: 0)
    let error = #expect(throws: StoreError.self) {
      try store.write(UsageBatch(records: [.test()], gap: gap))
    }
    #expect(error?.kind == .unusable)
    for table in ["names", "usage", "usage_figures", "usage_latencies", "quotas"] {
      #expect(try count(table) == 0)
    }
    // The names that went with it are not taken for there.
    try database.execute("DROP TRIGGER refuse")
    try store.write(UsageBatch(records: [.test()], gap: gap))
    #expect(try count("requests") == 1)
    for _ in 0..<50 {
      try store.write(UsageBatch(records: [.test()]))
      #expect(throws: StoreError.self) {
        try database.execute(
          "CREATE TRIGGER refuse BEFORE INSERT ON usage_gaps BEGIN SELECT raise(ABORT, ''); END")
        defer { try? database.execute("DROP TRIGGER refuse") }
        try store.write(UsageBatch(records: [.test(), .test()], gap: gap))
      }
    }
    #expect(try store.report(UsageQuery(key: nil, days: days)).total.requests == 51)
  }

  @Test func whatIsTooOldIsForgottenInSteps() throws {
    let key = try #require(KeyID("AAAAAAAA"))
    for day in 0..<10 {
      let time = CalendarDay(number: monday.number + day).start
      let batch = UsageBatch(
        records: (0..<7).map { _ in .test(time: time) },
        quotas: [
          QuotaUse(
            month: CalendarMonth(number: monday.month.number - 12 * day), keyID: key, requests: 1,
            tokens: 1)
        ],
        gap: UsageGap(first: time, last: time, requests: 1, tokensIn: 0, tokensOut: 0))
      try store.write(batch)
      for _ in 0..<3 { try store.write(UsageBatch(records: [.test(time: time)])) }
    }
    let retention = UsageRetention(records: 3, figures: 6)
    let now = CalendarDay(number: monday.number + 9).start.advanced(by: .seconds(86_399))
    var steps: [Int] = []
    repeat {
      steps.append(try store.forget(retention, now: now, limit: 25))
    } while steps.last == 25
    // Rows and gaps of six days, figures of three with two keys and one bucket each, nine months
    // but those of the last year.
    #expect(try count("usage") == 40)
    #expect(try count("requests") == 40)
    #expect(try count("usage_gaps") == 4)
    #expect(try count("usage_figures") == 14)
    #expect(try count("usage_latencies") == 14)
    #expect(try count("quotas") == 2)
    #expect(steps == [25, 25, 25, 11])
    // A report still tells of days whose rows are gone.
    let days = monday...CalendarDay(number: monday.number + 9)
    #expect(try store.report(UsageQuery(key: key, days: days)).total.requests == 70)
  }

  @Test func aChoreForgetsALotButNotAllAtOnce() throws {
    for _ in 0..<121 {
      try store.write(UsageBatch(records: (0..<200).map { _ in .test(time: monday.start) }))
    }
    let now = CalendarDay(number: monday.number + 5).start
    let retention = UsageRetention(records: 1, figures: 30)
    try retention.enforce(in: store, now: now)
    #expect(try count("usage") == 4200)
    try retention.enforce(in: store, now: now)
    // What is not in the figures yet stays, and the last that is.
    #expect(try count("usage") == 201)
    let report = try store.report(UsageQuery(key: nil, days: monday...monday))
    #expect(report.total.requests == 24_200)
  }

  @Test func reportsSayWhatIsMissing() throws {
    let gap = UsageGap(
      first: monday.start, last: monday.start.advanced(by: .seconds(5)), requests: 17, tokensIn: 0,
      tokensOut: 0)
    try store.write(UsageBatch(records: [.test(time: monday.start)], gap: gap))
    #expect(try store.report(UsageQuery(key: nil, days: monday...monday)).missing == 17)
    let tuesday = CalendarDay(number: monday.number + 1)
    #expect(try store.report(UsageQuery(key: nil, days: tuesday...tuesday)).missing == 0)
  }
}
