package import Time

/// Whose usage, of what time.
package struct UsageQuery: Sendable, Equatable {
  /// Nil for all keys together.
  package var key: KeyID?
  /// Days, UTC, both included.
  package var days: ClosedRange<CalendarDay>
  /// Nil for all models.
  package var model: String?

  package init(key: KeyID?, days: ClosedRange<CalendarDay>, model: String? = nil) {
    self.key = key
    self.days = days
    self.model = model
  }
}

/// Usage in figures: altogether, by day and by model.
package struct UsageReport: Sendable, Equatable {
  package var total = UsageSummary()
  /// Days with requests, in order.
  package var days: [(day: CalendarDay, summary: UsageSummary)] = []
  /// Models with requests, by name.
  package var models: [(model: String, summary: UsageSummary)] = []
  /// Requests of anybody that were served in that time and are not in the figures, because the
  /// ledger could not keep up (`UsageGap`).
  package var missing = 0

  package init() {}

  package static func == (left: UsageReport, right: UsageReport) -> Bool {
    left.total == right.total && left.missing == right.missing
      && left.days.elementsEqual(right.days, by: ==)
      && left.models.elementsEqual(right.models, by: ==)
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
