internal import Time

/// Use in a calendar month, and how much of it the store does not know yet.
struct MonthMeter {
  private(set) var month: CalendarMonth
  private(set) var start: UnixTime
  private(set) var end: UnixTime
  private(set) var requests: Int
  private(set) var tokens: Int
  private var unsavedRequests = 0
  private var unsavedTokens = 0

  /// - Parameter use: of which month ever; that of another month than this does not count.
  init(_ month: CalendarMonth, since use: QuotaUse? = nil) {
    let use = use.flatMap { $0.month == month ? $0 : nil }
    self.month = month
    start = month.start
    end = month.next.start
    requests = use?.requests ?? 0
    tokens = use?.tokens ?? 0
  }

  var isSaved: Bool { unsavedRequests == 0 && unsavedTokens == 0 }

  /// Begins a new month when its time has come; a clock that is set back does not bring one back.
  ///
  /// - Returns: the old one, if it has unsaved changes.
  mutating func advance(to now: UnixTime) -> MonthMeter? {
    guard now >= end else { return nil }
    let old = self
    self = MonthMeter(now.month)
    return old.isSaved ? nil : old
  }

  mutating func add(requests: Int, tokens: Int) {
    self.requests += requests
    self.tokens += tokens
    unsavedRequests += requests
    unsavedTokens += tokens
  }

  mutating func markSaved() {
    unsavedRequests = 0
    unsavedTokens = 0
  }

  /// All of it.
  func use(of keyID: KeyID, model: String) -> QuotaUse {
    QuotaUse(month: month, keyID: keyID, model: model, requests: requests, tokens: tokens)
  }

  /// What the store does not know.
  func change(of keyID: KeyID, model: String) -> QuotaUse {
    QuotaUse(
      month: month, keyID: keyID, model: model, requests: unsavedRequests, tokens: unsavedTokens)
  }
}
