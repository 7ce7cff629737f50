package import Time

/// How long usage is kept.
package struct UsageRetention: Sendable, Equatable {
  /// Of single requests, in days.
  package var records: Int
  /// Of the figures by day, key and model that reports are made from, in days.
  package var figures: Int

  package init(records: Int = 90, figures: Int = 800) {
    self.records = records
    self.figures = figures
  }

  /// Rows that go in one transaction: a writer waits for it a millisecond or two.
  private static let step = 1000
  /// Steps at a time.
  private static let stepsAtOnce = 20

  /// A chore for a `StoreThread`, every second: housekeeping, and some of what is too old, up to
  /// 20,000 rows, so that reports and keys need not wait for all of it.
  package func enforce(in store: any Store, now: UnixTime) throws(StoreError) {
    try store.maintain()
    for _ in 0..<Self.stepsAtOnce {
      if try store.forget(self, now: now, limit: Self.step) < Self.step { return }
    }
  }
}
