internal import SQLite
internal import Time

extension JobTables {
  func claim(until lease: UnixTime, at time: UnixTime) throws(SQLiteError) -> ClaimedJob? {
    // Looked at without a lock first: mostly there is nothing to do.
    let isIdle = try next() == nil
    if isIdle, try lost(at: time).isEmpty { return nil }
    return try database.transaction { () throws(SQLiteError) in
      for row in try lost(at: time) { try lose(row, at: time) }
      guard let id = try next(), let row = try row(id) else { return nil }
      var life = row.life
      guard life.apply(.claim, attemptLimit: limits.attempts) else { return nil }
      try statement(
        """
        UPDATE jobs SET state = ?, attempts = ?, claim = claim + 1, lease = ?, started = ?
          WHERE number = ?
        """
      ).bind(
        life.state.rawValue, life.attempts, lease.microseconds, time.microseconds, row.number
      ).run()
      let statement = try statement("SELECT kind, payload FROM jobs WHERE number = ?")
        .bind(row.number)
      defer { statement.reset() }
      guard try statement.step() else { return nil }
      return ClaimedJob(
        claim: JobClaim(id: row.id, number: row.claim + 1), owner: row.owner, kind: statement[0],
        payload: statement[1], attempt: life.attempts)
    }
  }

  /// The oldest job of those owners who have the fewest running: a flood of one owner's does not
  /// keep the others waiting.
  private func next() throws(SQLiteError) -> String? {
    let statement = try statement(
      """
      WITH heads AS (SELECT owner, min(number) AS number FROM jobs WHERE state = ? GROUP BY owner),
        loads AS (SELECT owner, count(*) AS running FROM jobs WHERE state = ? GROUP BY owner)
      SELECT id FROM heads JOIN jobs USING (number) LEFT JOIN loads ON loads.owner = heads.owner
        ORDER BY coalesce(running, 0), heads.number LIMIT 1
      """
    ).bind(JobState.queued.rawValue, JobState.running.rawValue)
    defer { statement.reset() }
    return try statement.step() ? statement[0] : nil
  }

  func extend(
    _ claims: [JobClaim], until lease: UnixTime
  ) throws(SQLiteError) -> [JobClaim] {
    guard !claims.isEmpty else { return [] }
    return try database.transaction { () throws(SQLiteError) in
      let update = try statement(
        "UPDATE jobs SET lease = ? WHERE id = ? AND claim = ? AND state = ?")
      var lost: [JobClaim] = []
      for claim in claims {
        try update.bind(lease.microseconds, claim.id, claim.number, JobState.running.rawValue)
          .run()
        if database.changes == 0 { lost.append(claim) }
      }
      return lost
    }
  }

  func finish(
    _ claim: JobClaim, _ outcome: JobOutcome, at time: UnixTime
  ) throws(SQLiteError) -> Bool {
    try database.transaction { () throws(SQLiteError) in
      guard let row = try row(claim.id), row.claim == claim.number else { return false }
      switch outcome {
      case .succeeded(let result) where result.count > limits.result:
        let failure = JobFailure(
          code: "RESOURCE_EXHAUSTED",
          message: "the result has \(result.count) bytes; at most \(limits.result) are kept")
        return try apply(.fail, to: row, failure: failure, at: time)
      case .succeeded(let result): return try apply(.succeed, to: row, result: result, at: time)
      case .failed(let failure): return try apply(.fail, to: row, failure: failure, at: time)
      }
    }
  }

  func giveBack(_ claim: JobClaim) throws(SQLiteError) -> Bool {
    try database.transaction { () throws(SQLiteError) in
      guard let row = try row(claim.id), row.claim == claim.number else { return false }
      return try apply(.giveBack, to: row)
    }
  }

  /// - Returns: nil if there is no such job of that owner.
  func cancel(
    _ id: String, owner: String?, at time: UnixTime
  ) throws(SQLiteError) -> Job? {
    try database.transaction { () throws(SQLiteError) in
      guard let row = try row(id), owner == nil || row.owner == owner else { return nil }
      _ = try apply(.cancel, to: row, at: time)
      return try job(id, owner: owner)
    }
  }

  /// What a new start finds of the one before: its jobs are free again, its calls not under way.
  ///
  /// - Returns: jobs that were running.
  func recover(at time: UnixTime) throws(SQLiteError) -> Int {
    try database.transaction { () throws(SQLiteError) in
      var count = 0
      while case let rows = try lost(at: nil), !rows.isEmpty {
        for row in rows { try lose(row, at: time) }
        count += rows.count
      }
      try database.execute("UPDATE deliveries SET lease = NULL WHERE lease IS NOT NULL")
      return count
    }
  }
}
