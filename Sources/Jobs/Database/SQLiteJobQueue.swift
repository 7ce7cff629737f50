internal import Bytes
internal import Crypto
internal import SQLite
internal import Threads
package import Time

/// Jobs and webhooks in an SQLite file, for one server, on a thread of its own.
package actor SQLiteJobQueue {
  private let executor: ThreadExecutor
  private let lock: DatabaseLock?
  private let tables: JobTables
  /// Jobs that were running when the process before ended without a word.
  package nonisolated let recovered: Int

  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.unowned }

  /// Opens the file, makes it if it is not there, and frees what the process before left running.
  ///
  /// - Parameters:
  ///   - path: a file, or `:memory:`.
  ///   - notice: makes the body of a webhook's call.
  package init(
    path: String, limits: JobLimits = JobLimits(),
    notice: @escaping JobNotice.Writer = JobNotice.brief, at time: UnixTime
  ) throws(JobQueueError) {
    do throws(ThreadError) { executor = try ThreadExecutor("jobs") } catch {
      throw JobQueueError(.unavailable, "the queue of jobs cannot start", cause: "\(error)")
    }
    lock = path == ":memory:" ? nil : try DatabaseLock(beside: path)
    do throws(SQLiteError) {
      let tables = try JobTables(path: path, limits: limits, notice: notice)
      recovered = try tables.recover(at: time)
      self.tables = tables
    } catch {
      throw JobQueueError(error)
    }
  }

  /// Runs `body` with the tables, and says what went wrong in the queue's words.
  func use<Result>(
    _ body: (JobTables) throws(SQLiteError) -> Result
  ) throws(JobQueueError) -> Result {
    do throws(SQLiteError) { return try body(tables) } catch { throw JobQueueError(error) }
  }

  /// What is wrong inside the file; empty if it is sound. Reads all of it.
  package func checkIntegrity() throws(JobQueueError) -> [String] {
    try use { tables throws(SQLiteError) in try tables.database.checkIntegrity() }
  }
}

extension SQLiteJobQueue: JobQueue {
  package func submit(_ job: NewJob, at time: UnixTime) async throws(JobQueueError) -> Job {
    try check(job)
    let id: String
    do throws(SecureRandomError) { id = "job_" + (try SecureRandom.base62(22)) } catch {
      throw JobQueueError(error)
    }
    let admission = try use { tables throws(SQLiteError) in
      try tables.submit(job, id: id, at: time)
    }
    switch admission {
    case .taken(let job): return job
    case .conflict:
      throw JobQueueError(
        .conflict, "the idempotency key came with another request before; use a new key")
    case .full(let limit, let ofOwner):
      throw JobQueueError(
        .tooManyWaiting,
        "\(limit) jobs\(ofOwner ? " of this key" : "") wait already, which is the limit; "
          + "submit again when some have ended")
    }
  }

  private func check(_ job: NewJob) throws(JobQueueError) {
    let limits = tables.limits
    guard job.payload.count <= limits.payload else {
      throw .invalid(
        job.kind, "at most \(limits.payload) bytes are kept, got \(job.payload.count)")
    }
    guard let key = job.idempotencyKey else { return }
    guard (1...255).contains(key.utf8.count) else {
      throw .invalid(
        "idempotency_key", "1 to 255 bytes are allowed, got \(key.utf8.count)")
    }
  }

  package func claim(
    until lease: UnixTime, at time: UnixTime
  ) async throws(JobQueueError) -> ClaimedJob? {
    try use { tables throws(SQLiteError) in try tables.claim(until: lease, at: time) }
  }

  package func extend(
    _ claims: [JobClaim], until lease: UnixTime
  ) async throws(JobQueueError) -> [JobClaim] {
    try use { tables throws(SQLiteError) in try tables.extend(claims, until: lease) }
  }

  package func finish(
    _ claim: JobClaim, _ outcome: JobOutcome, at time: UnixTime
  ) async throws(JobQueueError) -> Bool {
    try use { tables throws(SQLiteError) in try tables.finish(claim, outcome, at: time) }
  }

  package func giveBack(_ claim: JobClaim) async throws(JobQueueError) -> Bool {
    try use { tables throws(SQLiteError) in try tables.giveBack(claim) }
  }

  package func cancel(
    _ id: String, owner: String?, at time: UnixTime
  ) async throws(JobQueueError) -> Job {
    let job = try use { tables throws(SQLiteError) in
      try tables.cancel(id, owner: owner, at: time)
    }
    guard let job else { throw Self.missing(id) }
    return job
  }

  package func job(_ id: String, owner: String?) async throws(JobQueueError) -> Job {
    let job = try use { tables throws(SQLiteError) in try tables.job(id, owner: owner) }
    guard let job else { throw Self.missing(id) }
    return job
  }

  package func jobs(_ query: JobQuery) async throws(JobQueueError) -> Page<Job> {
    let last = try query.last
    let (jobs, next) = try use { tables throws(SQLiteError) in
      try tables.jobs(query, before: last)
    }
    return Page(items: jobs, next: next.map { "\($0)" } ?? "")
  }

  package func counts() async throws(JobQueueError) -> [JobState: Int] {
    try use { tables throws(SQLiteError) in try tables.counts() }
  }

  package func removeEnded(before time: UnixTime) async throws(JobQueueError) -> Int {
    try use { tables throws(SQLiteError) in try tables.removeEnded(before: time) }
  }

  static func missing(_ id: String) -> JobQueueError {
    let shown = VisibleText.shortened(id, bytes: 64)
    return JobQueueError(.notFound, "there is no job '\(shown)'; it may have been removed by age")
  }
}

extension JobQuery {
  /// Number of the last item of the page before.
  var last: Int64 {
    get throws(JobQueueError) {
      guard (1...1000).contains(limit) else {
        throw .invalid("limit", "expected 1 to 1000, got \(limit)")
      }
      if page.isEmpty { return .max }
      guard let last = Int64(page), last > 0 else {
        throw .invalid("page", "expected next_page of the answer before, or nothing")
      }
      return last
    }
  }
}
