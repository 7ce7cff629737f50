internal import Bytes
internal import Crypto
internal import SQLite
package import Time

extension SQLiteJobQueue: WebhookOutbox {
  package func dueDeliveries(
    at time: UnixTime, until lease: UnixTime, limit: Int, load: DeliveryLoad
  ) async throws(JobQueueError) -> [Delivery] {
    try use { tables throws(SQLiteError) in
      try tables.dueDeliveries(at: time, until: lease, limit: limit, load: load)
    }
  }

  package func nextDue(after time: UnixTime) async throws(JobQueueError) -> UnixTime? {
    try use { tables throws(SQLiteError) in try tables.nextDue(after: time) }
  }

  package func record(
    _ outcome: DeliveryOutcome, of id: String, at time: UnixTime
  ) async throws(JobQueueError) {
    try use { tables throws(SQLiteError) in try tables.record(outcome, of: id, at: time) }
  }

  package func deliveryCounts() async throws(JobQueueError) -> [WebhookStatus.State: Int] {
    try use { tables throws(SQLiteError) in try tables.deliveryCounts() }
  }

  package func deadLetters(
    _ query: JobQuery
  ) async throws(JobQueueError) -> Page<DeadLetter> {
    let last = try query.last
    let (letters, next) = try use { tables throws(SQLiteError) in
      try tables.deadLetters(of: query.owner, limit: query.limit, before: last)
    }
    return Page(items: letters, next: next.map { "\($0)" } ?? "")
  }

  package func redeliver(
    _ id: String, owner: String?, at time: UnixTime
  ) async throws(JobQueueError) {
    let found = try use { tables throws(SQLiteError) in
      try tables.redeliver(id, owner: owner, at: time)
    }
    guard found else {
      let shown = VisibleText.shortened(id, bytes: 64)
      throw JobQueueError(.notFound, "there is no dead letter '\(shown)'")
    }
  }

  package func secrets(
    of owner: String, at time: UnixTime
  ) async throws(JobQueueError) -> [WebhookSecret] {
    var masters = try use { tables throws(SQLiteError) in try tables.masters(at: time) }
    if masters.isEmpty {
      let first = try Self.master()
      masters = try use { tables throws(SQLiteError) in
        try tables.masters(at: time, first: first)
      }
    }
    return masters.map { WebhookSecret(master: $0, owner: owner) }
  }

  package func rotateSecrets(
    overlap: Duration, at time: UnixTime
  ) async throws(JobQueueError) {
    let master = try Self.master()
    try use { tables throws(SQLiteError) in
      try tables.replaceMaster(with: master, retiringAt: time.advanced(by: overlap), at: time)
    }
  }

  private static func master() throws(JobQueueError) -> [UInt8] {
    do throws(SecureRandomError) { return try SecureRandom.bytes(32) } catch {
      throw JobQueueError(error)
    }
  }
}
