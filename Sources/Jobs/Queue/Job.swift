package import Time
package import Web

/// A piece of work that is kept until it is done, and for a while after.
package struct Job: Sendable, Equatable {
  package let id: String
  /// Who submitted it: the key's id.
  package let owner: String
  /// What kind of work it is, in the words of whoever does it.
  package let kind: String
  package let state: JobState
  package let created: UnixTime
  /// Of the last start.
  package let started: UnixTime?
  package let ended: UnixTime?
  /// Starts so far.
  package let attempts: Int
  /// What the work made, if it succeeded; nil in lists too.
  package let result: [UInt8]?
  /// Why it failed.
  package let failure: JobFailure?
  /// Nil if nobody asked to be told.
  package let webhook: WebhookStatus?
}

/// Why a job failed, in words for its owner.
package struct JobFailure: Error, Sendable, Equatable {
  /// Name of a gRPC status, such as `INVALID_ARGUMENT`.
  package let code: String
  package let message: String

  package init(code: String, message: String) {
    self.code = code
    self.message = message
  }
}

/// How far telling a job's webhook is.
package struct WebhookStatus: Sendable, Equatable {
  /// Raw values stand in the database.
  package enum State: Int, Sendable, CaseIterable {
    /// The job has not ended, or the call is tried again.
    case pending = 1
    case delivered = 2
    /// Given up; see `WebhookOutbox.deadLetters`.
    case dead = 3
  }

  package let url: String
  package let state: State
  /// Calls so far.
  package let attempts: Int
  /// What the last call met; empty when it went well.
  package let lastError: String
  /// When it is called again; nil when it is not, or when the job has not ended.
  package let next: UnixTime?
}

/// A job as it comes in.
package struct NewJob: Sendable {
  package var owner: String
  package var kind: String
  /// Whatever whoever does the work understands.
  package var payload: [UInt8]
  /// Told when the job has ended.
  package var webhook: WebURL?
  /// Up to 255 bytes; kept for 24 hours. The same key of the same owner again is the same job.
  package var idempotencyKey: String?

  package init(
    owner: String, kind: String, payload: [UInt8], webhook: WebURL? = nil,
    idempotencyKey: String? = nil
  ) {
    self.owner = owner
    self.kind = kind
    self.payload = payload
    self.webhook = webhook
    self.idempotencyKey = idempotencyKey
  }
}

/// The right to work on a job. Each start has a new one, and the queue heeds only the newest: who
/// comes back late changes nothing.
package struct JobClaim: Sendable, Hashable {
  package let id: String
  /// Rises with every start of the job.
  package let number: Int
}

/// A job to be worked on.
package struct ClaimedJob: Sendable {
  package let claim: JobClaim
  package let owner: String
  package let kind: String
  package let payload: [UInt8]
  /// Which start this is, from 1; orderly stops do not count.
  package let attempt: Int
}

/// How the work on a job ended.
package enum JobOutcome: Sendable {
  case succeeded([UInt8])
  case failed(JobFailure)
}
