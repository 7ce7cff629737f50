internal import Crypto
internal import SQLite
internal import Time
internal import Web

extension JobTables {
  enum Admission {
    case taken(Job)
    /// The idempotency key belongs to another request.
    case conflict
    /// Too many wait, the limit being this; of this owner, or of all.
    case full(limit: Int, ofOwner: Bool)
  }

  /// - Parameter id: of the job, should it be a new one.
  func submit(
    _ new: NewJob, id: String, at time: UnixTime
  ) throws(SQLiteError) -> Admission {
    let digest = Self.digest(new)
    return try database.transaction { () throws(SQLiteError) in
      if let key = new.idempotencyKey,
        let earlier = try earlier(key, of: new.owner, at: time)
      {
        guard earlier.digest == digest, let job = try job(earlier.id, owner: new.owner) else {
          return .conflict
        }
        return .taken(job)
      }
      if try waiting(of: new.owner) >= limits.waitingPerOwner {
        return .full(limit: limits.waitingPerOwner, ofOwner: true)
      }
      if try waiting(of: nil) >= limits.waiting {
        return .full(limit: limits.waiting, ofOwner: false)
      }
      try statement(
        """
        INSERT INTO jobs (id, owner, kind, payload, digest, state, created, idempotency_key,
          webhook_url, webhook_host) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
      ).bind(
        id, new.owner, new.kind, new.payload, digest.bytes, JobState.queued.rawValue,
        time.microseconds, new.idempotencyKey, new.webhook?.text, new.webhook?.host
      ).run()
      guard let job = try job(id, owner: nil) else {
        throw SQLiteError(kind: .corrupt, path: database.path, reason: "a new row is not there")
      }
      return .taken(job)
    }
  }

  /// The newest job that the key made and that is not too old to be remembered by it.
  private func earlier(
    _ key: String, of owner: String, at time: UnixTime
  ) throws(SQLiteError) -> (id: String, digest: Digest256)? {
    let oldest = time.advanced(by: .zero - limits.idempotency)
    let statement = try statement(
      """
      SELECT id, digest FROM jobs WHERE owner = ? AND idempotency_key = ? AND created > ?
        ORDER BY number DESC LIMIT 1
      """
    ).bind(owner, key, oldest.microseconds)
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    return (statement[0], Digest256(statement[1]) ?? Digest256())
  }

  private func waiting(of owner: String?) throws(SQLiteError) -> Int {
    let condition = owner == nil ? "?2 IS NULL" : "owner = ?2"
    let statement = try statement("SELECT count(*) FROM jobs WHERE state = ?1 AND \(condition)")
      .bind(JobState.queued.rawValue, owner)
    defer { statement.reset() }
    return try statement.step() ? statement[0] : 0
  }

  /// Of all that makes two requests the same; lengths keep the parts apart.
  private static func digest(_ new: NewJob) -> Digest256 {
    var message: [UInt8] = []
    for part in [Array(new.kind.utf8), Array((new.webhook?.text ?? "").utf8), new.payload] {
      message += Array("\(part.count):".utf8) + part
    }
    return SHA256.digest(of: message)
  }
}
