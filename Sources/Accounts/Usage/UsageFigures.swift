internal import Metrics
internal import Time

/// Sums over records, by key, day and model.
struct UsageFigures {
  struct Group: Hashable {
    let key: KeyID
    let day: CalendarDay
    let model: String
  }

  private(set) var groups: [Group: UsageSums] = [:]
  /// Of whom, last; most records are of the same group as the one before.
  private var group: Group?
  private var sums = UsageSums()

  /// Records that went in.
  private(set) var count = 0

  mutating func add(_ record: UsageRecord) {
    let day = record.time.day
    let isSame = group.map { $0.key == record.key && $0.day == day && $0.model == record.model }
    if isSame != true {
      gather()
      group = Group(key: record.key, day: day, model: record.model)
    }
    sums.add(record)
    count += 1
  }

  /// To be called before `groups` is read.
  mutating func gather() {
    if let group { groups[group, default: UsageSums()].add(sums) }
    group = nil
    sums = UsageSums()
  }
}

/// Sums over records of any kind, and what reports make of them.
struct UsageSums: Equatable {
  var requests = 0
  var successes = 0
  /// In microseconds.
  var latency: Int64 = 0
  var instances = 0
  var tokensIn = 0
  var tokensOut = 0
  var cached = 0
  /// Requests by bucket of their latency in nanoseconds.
  var buckets: [Int: Int] = [:]

  mutating func add(_ record: UsageRecord) {
    requests += 1
    successes += record.status == 0 ? 1 : 0
    let microseconds = max(record.latency.microseconds, 0)
    latency += microseconds
    instances += record.instances
    tokensIn += record.tokensIn
    tokensOut += record.tokensOut
    cached += record.cached ? 1 : 0
    let nanoseconds = min(UInt64(microseconds), Histogram.maximum / 1000) * 1000
    buckets[Histogram.index(of: nanoseconds), default: 0] += 1
  }

  mutating func add(_ other: UsageSums) {
    requests += other.requests
    successes += other.successes
    latency += other.latency
    instances += other.instances
    tokensIn += other.tokensIn
    tokensOut += other.tokensOut
    cached += other.cached
    buckets.merge(other.buckets, uniquingKeysWith: +)
  }

  var summary: UsageSummary {
    var summary = UsageSummary()
    summary.requests = requests
    summary.successes = successes
    summary.instances = instances
    summary.tokensIn = tokensIn
    summary.tokensOut = tokensOut
    summary.cached = cached
    guard requests > 0 else { return summary }
    summary.meanLatency = .microseconds(latency / Int64(requests))
    let sorted = buckets.sorted { $0.key < $1.key }
    summary.p50 = percentile(0.5, sorted)
    summary.p95 = percentile(0.95, sorted)
    summary.p99 = percentile(0.99, sorted)
    return summary
  }

  /// Nearest rank: the smallest latency with at least that share at or below it.
  private func percentile(_ share: Double, _ sorted: [(key: Int, value: Int)]) -> Duration {
    let rank = max(1, Int((share * Double(requests)).rounded(.up)))
    var seen = 0
    for (bucket, requests) in sorted {
      seen += requests
      if seen >= rank { return .nanoseconds(Int64(Histogram.middle(of: bucket))) }
    }
    return .zero
  }
}
