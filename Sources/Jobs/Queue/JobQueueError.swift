internal import Crypto
internal import SQLite

/// Why the queue did not do what it was asked, in words for the caller.
package struct JobQueueError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    /// Something about the request is not allowed; the reason begins with the field.
    case invalid
    case notFound
    /// The idempotency key came with another request before.
    case conflict
    /// Too many jobs wait already.
    case tooManyWaiting
    /// The database cannot be used now; trying again later may help.
    case unavailable
    /// The database cannot be used at all.
    case broken
  }

  package let kind: Kind
  package let reason: String
  /// What the database said: for the log, not for callers.
  package let cause: String?

  package init(_ kind: Kind, _ reason: String, cause: String? = nil) {
    self.kind = kind
    self.reason = reason
    self.cause = cause
  }

  /// - Parameter field: as whoever asked calls it.
  static func invalid(_ field: String, _ reason: String) -> JobQueueError {
    JobQueueError(.invalid, "\(field): \(reason)")
  }

  init(_ error: SQLiteError) {
    self.init(
      error.isTransient ? .unavailable : .broken,
      error.isTransient
        ? "the database of jobs cannot be used just now; try again later"
        : "the database of jobs cannot be used",
      cause: error.description)
  }

  init(_ error: SecureRandomError) {
    self.init(.unavailable, "no id could be made; try again later", cause: error.description)
  }

  package var description: String { cause.map { "\(reason): \($0)" } ?? reason }
}
