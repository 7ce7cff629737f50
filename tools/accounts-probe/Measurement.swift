internal import Accounts
import Glibc
internal import Metrics
internal import SQLite
internal import Time

/// What keys, limits and usage cost, in CPU time of one thread.
struct Measurement {
  private static let keyCount = 100

  let folder: String
  /// Calls of each kind, and rows to report on.
  let rounds: Int

  func run() throws {
    let path = "\(folder)/measure.db"
    removeDatabase(path)
    let store = try SQLiteStore(
      path: path, options: Database.Options(checkpointsByItself: false))
    let keys = try hotPath(store)
    try reports(store, keys)
    removeDatabase(path)
  }

  private func hotPath(_ store: SQLiteStore) throws -> [KeyID] {
    let directory = KeyDirectory()
    let administration = KeyAdministration(store: store)
    let plan = LimitPlan(
      Limits(
        requests: 10_000_000, tokensPerMinute: 1_000_000_000, concurrent: 100,
        monthlyRequests: 1_000_000_000, monthlyTokens: 1_000_000_000_000),
      models: ["m": Limits(requests: 10_000_000)])
    var issued: [IssuedKey] = []
    for number in 0..<Self.keyCount {
      issued.append(try administration.create(KeyRequest(owner: "\(number)"), at: .now()))
    }
    try directory.refresh(from: store)
    let token = issued[0].token
    let time = UnixTime.now()
    nanoseconds("both clocks") { _ = Moment.now() }
    var caller = try directory.authenticate(token, at: time)
    nanoseconds("authenticate") {
      if let found = try? directory.authenticate(token, at: time) { caller = found }
    }
    let wrong = String(token.dropLast()) + (token.last == "0" ? "1" : "0")
    nanoseconds("refuse") { _ = try? directory.authenticate(wrong, at: time) }
    limits(
      Caller.anonymous(isAdmin: false, limits: LimitPlan(Limits(requests: 10_000_000))), "1 limit")
    limits(
      Caller(keyID: caller.keyID, owner: "", isAdmin: false, models: .all, limits: plan), "6 limits"
    )
    try records(caller.keyID, store)
    return issued.map(\.key.id)
  }

  private func limits(_ caller: Caller, _ name: String) {
    let limiter = MemoryRateLimiter()
    var decision: Decision?
    var step: UInt64 = 0
    let begin = Moment.now()
    nanoseconds("admit and finish, \(name)") {
      step += 100_000
      let now = Moment(monotonic: begin.monotonic + step, wall: begin.wall)
      let made = limiter.admit(caller, model: "m", tokens: 20, at: now)
      if case .admitted(let admission) = made { admission.finish(tokens: 10, at: now) }
      decision = made
    }
    guard let decision else { return }
    nanoseconds("headers, \(name)") { _ = RateLimitHeaders.fields(of: decision) }
  }

  private func records(_ key: KeyID, _ store: SQLiteStore) throws {
    // Its thread is not started: only the journal is timed, and it never fills.
    let ledger = try UsageLedger(
      store: store, journal: try UsageJournal(capacity: 1 << 30),
      metrics: UsageMetrics(in: Registry()), report: { print("ledger: \($0)") })
    let now = Moment.now()
    let model = "a-model-with-a-long-name"
    nanoseconds("record") {
      ledger.record(
        UsageRecord(
          key: key, model: model, version: 1, endpoint: "/apus.v1.Inference/Predict",
          time: now.wall, latency: .microseconds(700), status: 0, tokensIn: 12))
    }
  }

  private func reports(_ store: SQLiteStore, _ keys: [KeyID]) throws {
    let month = UnixTime.now().day.number - 29
    // What one busy client leaves, in another month, and what a hundred leave at random.
    try write("one key", store, from: month - 40) { _ in (keys[0], "model") }
    try write("\(keys.count) keys", store, from: month) { number in
      (keys[number % keys.count], "model-\(number % 7 % 5)")
    }
    try milliseconds("checkpoint") { try store.maintain() }
    let days = CalendarDay(number: month)...CalendarDay(number: month + 29)
    try milliseconds("report on all keys, 30 days") {
      let report = try store.report(UsageQuery(key: nil, days: days))
      guard report.total.requests == rounds else { throw ProbeError("a wrong report") }
    }
    try milliseconds("report on one key, 30 days") {
      let report = try store.report(UsageQuery(key: keys[0], days: days))
      guard report.total.requests == rounds / keys.count else {
        throw ProbeError("a wrong report")
      }
    }
    let retention = UsageRetention(records: 10, figures: 800)
    try milliseconds("forget 1000 rows") {
      _ = try store.forget(retention, now: .now(), limit: 1000)
    }
    try milliseconds("forget two thirds in steps of 1000") {
      while try store.forget(retention, now: .now(), limit: 1000) == 1000 {}
    }
  }

  private func write(
    _ name: String, _ store: SQLiteStore, from day: Int, _ caller: (Int) -> (KeyID, String)
  ) throws {
    let batch = 256
    var random = SystemRandomNumberGenerator()
    var spent = 0
    for start in stride(from: 0, to: rounds, by: batch) {
      let records = (start..<min(start + batch, rounds)).map { number in
        let (key, model) = caller(number)
        return UsageRecord(
          key: key, model: model, endpoint: "/apus.v1.Inference/Predict",
          time: CalendarDay(number: day + number * 30 / rounds).start
            .advanced(by: .microseconds(Int64.random(in: 0..<86_400_000_000, using: &random))),
          latency: .microseconds(Int64.random(in: 1000..<2000, using: &random)), status: 0,
          tokensIn: 10, tokensOut: 20, requestID: "0123456789abcdef-\(number)")
      }
      let begin = cpuTime()
      try store.write(UsageBatch(records: records))
      spent += cpuTime() - begin
    }
    print("write \(rounds) records of \(name), \(batch) at a time: \(spent / rounds) ns each")
  }

  private func nanoseconds(_ name: String, _ body: () -> Void) {
    for _ in 0..<rounds / 10 { body() }
    let begin = cpuTime()
    for _ in 0..<rounds { body() }
    print("\(name): \((cpuTime() - begin) / rounds) ns")
  }

  private func milliseconds(_ name: String, _ body: () throws -> Void) rethrows {
    let begin = cpuTime()
    try body()
    print("\(name): \(Double((cpuTime() - begin) / 10_000) / 100) ms")
  }

  /// Of this thread, in nanoseconds: what others do to the machine does not show in it.
  private func cpuTime() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
