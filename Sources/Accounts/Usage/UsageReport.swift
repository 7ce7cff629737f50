package import Time

/// Whose usage, of what time.
package struct UsageQuery: Sendable, Equatable {
  /// Nil for all keys together.
  package var key: KeyID?
  /// Days, UTC, both included.
  package var days: ClosedRange<CalendarDay>
  /// Nil for all models.
  package var model: String?
  /// Whether the report tells what each key used, too.
  package var isByKey: Bool

  package init(
    key: KeyID?, days: ClosedRange<CalendarDay>, model: String? = nil, isByKey: Bool = false
  ) {
    self.key = key
    self.days = days
    self.model = model
    self.isByKey = isByKey
  }
}

/// What one key used.
package struct KeyUsage: Sendable, Equatable {
  package let key: KeyID
  /// Empty for callers without a key.
  package let owner: String
  package let summary: UsageSummary
}

/// Usage in figures: altogether, by day, by model and, where that was asked for, by key.
package struct UsageReport: Sendable, Equatable {
  /// Most keys that are told of.
  package static let keyBound = 1000

  package var total = UsageSummary()
  /// Days with requests, in order.
  package var days: [(day: CalendarDay, summary: UsageSummary)] = []
  /// Models with requests, by name.
  package var models: [(model: String, summary: UsageSummary)] = []
  /// Keys with requests, those with the most first.
  package var keys: [KeyUsage] = []
  /// Requests of anybody that were served in that time and are not in the figures, because the
  /// ledger could not keep up (`UsageGap`).
  package var missing = 0

  package init() {}

  package static func == (left: UsageReport, right: UsageReport) -> Bool {
    left.total == right.total && left.missing == right.missing
      && left.days.elementsEqual(right.days, by: ==)
      && left.models.elementsEqual(right.models, by: ==) && left.keys == right.keys
  }
}

/// Figures of a set of requests.
package struct UsageSummary: Sendable, Equatable {
  package var requests = 0
  package var successes = 0
  package var instances = 0
  package var tokensIn = 0
  package var tokensOut = 0
  /// Requests answered from the cache.
  package var cached = 0
  package var meanLatency = Duration.zero
  /// Within 3.2 % of the exact percentile by nearest rank.
  package var p50 = Duration.zero
  package var p95 = Duration.zero
  package var p99 = Duration.zero

  package init() {}

  /// From 0 to 1; nil without requests.
  package var successRate: Double? {
    requests == 0 ? nil : Double(successes) / Double(requests)
  }
}
