package import Time

/// What a key has used in a month, or how much more since it was last saved.
package struct QuotaUse: Sendable, Equatable {
  package let month: CalendarMonth
  package let keyID: KeyID
  /// Empty for the key as a whole.
  package let model: String
  package var requests: Int
  /// May be negative in a change: an estimate was too high.
  package var tokens: Int

  package init(
    month: CalendarMonth, keyID: KeyID, model: String = "", requests: Int, tokens: Int
  ) {
    self.month = month
    self.keyID = keyID
    self.model = model
    self.requests = requests
    self.tokens = tokens
  }
}

/// Who knows what the store does not know yet of the month's use.
package protocol QuotaSource: AnyObject, Sendable {
  /// The changes since the last call. Whoever takes them saves them, or gives them back.
  func takeChanges() -> [QuotaUse]
}
