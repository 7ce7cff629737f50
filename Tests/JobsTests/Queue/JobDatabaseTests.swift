import SQLite
import TestSupport
import Testing
import Time

@testable import Jobs

/// What happens to the file around the queue.
@Suite(.timeLimit(.minutes(2))) struct JobDatabaseTests {
  private let folder: TemporaryFolder
  private var path: String { folder.file("jobs.db") }
  init() throws { folder = try TemporaryFolder() }

  @Test func aNewStartFreesWhatTheOneBeforeLeftRunning() async throws {
    var job: Job?
    for attempt in 1...3 {
      let queue = try SQLiteJobQueue(path: path, at: start)
      #expect(queue.recovered == (attempt == 1 ? 0 : 1))
      if attempt == 1 { job = try await queue.submit(.plain(), at: start) }
      let claimed = try #require(try await queue.claim(until: start.after(60), at: start))
      #expect(claimed.attempt == attempt)
    }
    let queue = try SQLiteJobQueue(path: path, at: start)
    #expect(try await queue.claim(until: start.after(60), at: start) == nil)
    let done = try await queue.job(try #require(job).id, owner: nil)
    #expect(done.state == .failed && done.failure?.code == "ABORTED")
    #expect(try await queue.checkIntegrity() == [])
  }

  @Test func twoServersCannotShareTheFile() throws {
    let first = try SQLiteJobQueue(path: path, at: start)
    #expect {
      try SQLiteJobQueue(path: path, at: start)
    } throws: { error in
      "\(error)".contains("another server works on \(path)")
    }
    _ = first
  }

  @Test func aLockedDatabaseIsATransientError() async throws {
    let queue = try SQLiteJobQueue(path: path, at: start)
    let intruder = try Database(path: path)
    try intruder.execute("BEGIN IMMEDIATE")
    // Seconds of patience would pass.
    try await queue.use { tables throws(SQLiteError) in
      try tables.database.execute("PRAGMA busy_timeout = 1")
    }
    await #expect {
      try await queue.submit(.plain(), at: start)
    } throws: { error in
      guard let error = error as? JobQueueError else { return false }
      return error.kind == .unavailable && !error.reason.contains(folder.path)
        && error.description.contains("another process is writing to it")
    }
    try intruder.execute("COMMIT")
    #expect(try await queue.submit(.plain(), at: start).state == .queued)
  }

  @Test func aFullDiskIsATransientErrorAndLosesNothing() async throws {
    let queue = try SQLiteJobQueue(path: path, at: start)
    let job = try await queue.submit(.plain(), at: start)
    let claim = try #require(try await queue.claim(until: start.after(60), at: start)).claim
    // Stands for a disk without room: SQLite gives the same error.
    try await queue.use { tables throws(SQLiteError) in
      let pages = try tables.database.value("PRAGMA page_count", as: Int.self) ?? 0
      _ = try tables.database.value("PRAGMA max_page_count = \(pages)", as: Int.self)
    }
    let result = [UInt8](repeating: 7, count: 100_000)
    await #expect {
      try await queue.finish(claim, .succeeded(result), at: start)
    } throws: { error in
      (error as? JobQueueError)?.kind == .unavailable
        && "\(error)".contains("free space on the disk")
    }
    #expect(try await queue.job(job.id, owner: nil).state == .running)
    try await queue.use { tables throws(SQLiteError) in
      _ = try tables.database.value("PRAGMA max_page_count = 1000000", as: Int.self)
    }
    #expect(try await queue.finish(claim, .succeeded(result), at: start))
    #expect(try await queue.job(job.id, owner: nil).result == result)
  }

  @Test func payloadsAreForgottenAtTheEnd() async throws {
    let queue = try SQLiteJobQueue(path: path, at: start)
    let job = try await queue.submit(.plain("a", "a secret question"), at: start)
    _ = try await queue.cancel(job.id, owner: nil, at: start)
    let left = try await queue.use { tables throws(SQLiteError) in
      try tables.database.value("SELECT sum(length(payload)) FROM jobs", as: Int.self)
    }
    #expect(left == 0)
  }
}
