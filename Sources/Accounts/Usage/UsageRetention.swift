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
}
