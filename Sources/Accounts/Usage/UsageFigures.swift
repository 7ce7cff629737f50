internal import Metrics

/// Sums over records, as reports want them: by key, day and model, and by day and model.
struct UsageFigures {
  struct Group: Hashable {
    /// Nil for all keys together.
    let key: KeyID?
    let day: Int
    let model: String
  }

  struct Sums {
    var requests = 0
    var successes = 0
    /// In microseconds.
    var latency: Int64 = 0
    var instances = 0
    var tokensIn = 0
    var tokensOut = 0
    var cached = 0
    /// Requests by bucket of their latency.
    var buckets: [Int: Int] = [:]

    mutating func add(_ record: UsageRecord) {
      requests += 1
      successes += record.status == 0 ? 1 : 0
      let microseconds = record.latency.microseconds
      latency += microseconds
      instances += record.instances
      tokensIn += record.tokensIn
      tokensOut += record.tokensOut
      cached += record.cached ? 1 : 0
      let nanoseconds = min(UInt64(max(microseconds, 0)) * 1000, Histogram.maximum)
      buckets[Histogram.index(of: nanoseconds), default: 0] += 1
    }

    mutating func add(_ other: Sums) {
      requests += other.requests
      successes += other.successes
      latency += other.latency
      instances += other.instances
      tokensIn += other.tokensIn
      tokensOut += other.tokensOut
      cached += other.cached
      buckets.merge(other.buckets, uniquingKeysWith: +)
    }
  }

  private(set) var groups: [Group: Sums] = [:]

  init(of records: [UsageRecord]) {
    // Most records are of the same group as the one before.
    var group: Group?
    var sums = Sums()
    for record in records {
      let day = record.time.day.number
      if group?.key != record.key || group?.day != day || group?.model != record.model {
        if let group { groups[group, default: Sums()].add(sums) }
        group = Group(key: record.key, day: day, model: record.model)
        sums = Sums()
      }
      sums.add(record)
    }
    if let group { groups[group, default: Sums()].add(sums) }
    for (group, sums) in groups {
      groups[Group(key: nil, day: group.day, model: group.model), default: Sums()].add(sums)
    }
  }
}
