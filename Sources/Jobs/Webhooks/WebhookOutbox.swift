package import Time

/// Calls of webhooks that are still to be made. Each is put in together with the end of its job,
/// and stays until it was taken or given up: a receiver hears of every job at least once, always
/// with the same `webhook-id`.
package protocol WebhookOutbox: Sendable {
  /// Deliveries that are due, the longest first, held until `lease` by who asked.
  ///
  /// - Parameters:
  ///   - limit: most of them.
  ///   - load: hosts and owners who have as many calls under way as they may.
  func dueDeliveries(
    at time: UnixTime, until lease: UnixTime, limit: Int, load: DeliveryLoad
  ) async throws(JobQueueError) -> [Delivery]

  /// When next a delivery becomes due, or the lease on one ends; nil for never.
  func nextDue(after time: UnixTime) async throws(JobQueueError) -> UnixTime?

  /// Writes down how a call went.
  func record(
    _ outcome: DeliveryOutcome, of id: String, at time: UnixTime
  ) async throws(JobQueueError)

  /// How many deliveries are in each state.
  func deliveryCounts() async throws(JobQueueError) -> [WebhookStatus.State: Int]

  /// Deliveries that were given up, the newest first.
  ///
  /// - Parameter query: `state` has no part in it.
  func deadLetters(_ query: JobQuery) async throws(JobQueueError) -> Page<DeadLetter>

  /// Makes a dead letter due again, with all its tries before it.
  ///
  /// - Throws: `.notFound` when there is no such dead letter of that owner.
  func redeliver(
    _ id: String, owner: String?, at time: UnixTime
  ) async throws(JobQueueError)

  /// What to sign an owner's calls with, the newest first.
  func secrets(of owner: String, at time: UnixTime) async throws(JobQueueError)
    -> [WebhookSecret]

  /// Gives every owner a new secret; the old ones sign along until `overlap` has passed.
  func rotateSecrets(overlap: Duration, at time: UnixTime) async throws(JobQueueError)
}

/// A call to be made.
package struct Delivery: Sendable, Equatable {
  /// `webhook-id`: the same for each try, so that a receiver can tell a repetition.
  package let id: String
  package let owner: String
  package let url: String
  package let host: String
  package let body: [UInt8]
  /// Calls before this one.
  package let attempts: Int
}

/// A call that was given up.
package struct DeadLetter: Sendable, Equatable {
  package let id: String
  package let job: String
  package let owner: String
  package let url: String
  package let attempts: Int
  package let lastError: String
  package let created: UnixTime
}

/// How a call went, and what follows.
package enum DeliveryOutcome: Sendable, Equatable {
  case delivered
  case retry(at: UnixTime, error: String)
  case dead(error: String)
  /// The receiver wants no more calls: those that wait for the same address die with this one.
  case gone(error: String)
}

/// Who may not be called just now.
package struct DeliveryLoad: Sendable {
  package var hosts: Set<String> = []
  package var owners: Set<String> = []
  package init() {}
}
