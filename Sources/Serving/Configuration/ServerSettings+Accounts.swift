internal import Accounts
internal import Web

// Keys, limits, usage and long work.

extension ServerSettings {
  static let accounts = [
    Entry(
      "database", in: .accounts, "keys and usage; `memory` keeps them until the end",
      SettingValue("FILE", expected: "a file or memory") {
        $0.accounts.database ?? "memory"
      } write: { root, text throws(SettingProblem) in
        guard !text.isEmpty else { throw .unexpected }
        root.accounts.database = text == "memory" ? nil : text
      }),
    Entry(
      "allow-anonymous", in: .accounts,
      "serve callers without a key, to whoever reaches the addresses",
      .toggle(\.accounts.allowsAnonymous)),
    Entry(
      "usage-days", in: .accounts, "days that usage records are kept",
      .count(\.accounts.retention.records, 1...36_500)),
  ]

  static let limits = [
    Entry(
      "key-requests", in: .limits, "requests of a key in a window; 0 is no limit",
      .bound(\.accounts.keyDefaults.requests, atMost: LimitPlan.largest), change: .live),
    Entry(
      "key-window", in: .limits, "length of that window",
      .time(\.accounts.keyWindow, .seconds(1)...(.seconds(86_400))), change: .live),
    Entry(
      "key-tokens", in: .limits, "tokens of a key in a minute; 0 is no limit",
      .bound(\.accounts.keyDefaults.tokensPerMinute, atMost: LimitPlan.largest), change: .live),
    Entry(
      "key-concurrent", in: .limits, "calls of a key at once; 0 is no limit",
      .bound(\.accounts.keyDefaults.concurrent, atMost: LimitPlan.largest), change: .live),
  ]

  static let jobs = [
    Entry(
      "jobs-database", in: .jobs, "jobs; `off` for a server without them",
      SettingValue(
        "FILE", expected: "a file, memory or off", unset: "-jobs.db beside --database",
        read: { $0.jobs.database.text }
      ) { root, text throws(SettingProblem) in
        guard let database = JobOptions.Database(text) else { throw .unexpected }
        root.jobs.database = database
      }),
    Entry("jobs-waiting", in: .jobs, "jobs that wait", .count(\.jobs.waiting, 1...1_000_000)),
    Entry(
      "jobs-waiting-per-key", in: .jobs, "jobs of one key that wait",
      .count(\.jobs.waitingPerKey, 1...1_000_000)),
    Entry(
      "jobs-result-size", in: .jobs, "largest result that is kept",
      .size(\.jobs.resultSize, kibi...64 * mebi)),
    Entry(
      "jobs-retention", in: .jobs, "jobs that have ended are kept for",
      .time(\.jobs.retention, .seconds(60)...(.seconds(315_360_000)))),
    Entry(
      "jobs-at-once", in: .jobs, "jobs that are worked on at once",
      .count(\.jobs.atOnce, 1...1_000)),
    Entry(
      "jobs-time-limit", in: .jobs, "for the work on one job",
      .time(\.jobs.timeLimit, .seconds(1)...(.seconds(604_800)))),
  ]

  static let webhooks = [
    Entry(
      "webhook-allow", in: .webhooks,
      "where webhooks may go besides the public internet: addresses, networks (10.2.0.0/16) and "
        + "hosts with commas between",
      .list(expected: "addresses, networks and hosts", unset: "nowhere") {
        $0.jobs.openEntries
      } write: { root, entries throws(SettingProblem) in
        do throws(WebError) { try root.jobs.open(entries) } catch { throw .reason(error.reason) }
      }),
    Entry(
      "webhook-delays", in: .webhooks, "before each further call of a webhook, 1 to 20 times",
      .list(expected: "1 to 20 times up to 24h with commas between") {
        $0.jobs.webhookDelays.map { Quantity.text($0) }
      } write: { root, texts throws(SettingProblem) in
        let delays = texts.compactMap { Quantity.duration($0) }
          .filter { $0 > .zero && $0 <= .seconds(86_400) }
        guard delays.count == texts.count, (1...20).contains(delays.count) else {
          throw .unexpected
        }
        root.jobs.webhookDelays = delays
      }),
    Entry(
      "webhook-timeout", in: .webhooks, "for a webhook's receiver to answer",
      .time(\.jobs.webhookTimeout, .milliseconds(100)...(.seconds(300)))),
  ]
}
