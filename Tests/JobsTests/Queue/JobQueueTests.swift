import Testing
import Time
import Web

@testable import Jobs

@Suite struct JobQueueTests {
  private func open(_ limits: JobLimits = JobLimits()) throws -> SQLiteJobQueue {
    try SQLiteJobQueue(path: ":memory:", limits: limits, at: start)
  }

  private func failure(_ body: () async throws -> Any) async -> JobQueueError.Kind? {
    do {
      _ = try await body()
      return nil
    } catch {
      return (error as? JobQueueError)?.kind
    }
  }

  @Test func aJobGoesThroughItsLife() async throws {
    let queue = try open()
    let job = try await queue.submit(.plain(), at: start)
    #expect(job.state == .queued && job.created == start && job.attempts == 0)
    #expect(job.id.hasPrefix("job_") && job.id.count == 26)
    let claimed = try #require(try await queue.claim(until: start.after(60), at: start.after(1)))
    #expect(claimed.claim.id == job.id && claimed.payload == Array("work".utf8))
    #expect(claimed.attempt == 1 && claimed.kind == "echo" && claimed.owner == "alice")
    #expect(try await queue.job(job.id, owner: "alice").state == .running)
    #expect(try await queue.claim(until: start.after(60), at: start.after(1)) == nil)
    #expect(try await queue.finish(claimed.claim, .succeeded([1, 2]), at: start.after(5)))
    let done = try await queue.job(job.id, owner: nil)
    #expect(done.state == .succeeded && done.result == [1, 2] && done.failure == nil)
    #expect(done.started == start.after(1) && done.ended == start.after(5))
    #expect(try await queue.finish(claimed.claim, .succeeded([3]), at: start.after(6)) == false)
    #expect(try await queue.cancel(job.id, owner: "alice", at: start.after(7)).state == .succeeded)
    #expect(try await queue.counts() == [.succeeded: 1])
  }

  @Test func nobodySeesTheJobsOfOthers() async throws {
    let queue = try open()
    let job = try await queue.submit(.plain("alice"), at: start)
    #expect(await failure { try await queue.job(job.id, owner: "bob") } == .notFound)
    #expect(
      await failure { try await queue.cancel(job.id, owner: "bob", at: start) } == .notFound)
    #expect(try await queue.jobs(JobQuery(owner: "bob")).items.isEmpty)
    #expect(await failure { try await queue.job("job_none", owner: nil) } == .notFound)
  }

  @Test func anIdempotencyKeyIsTheSameJobForADay() async throws {
    let queue = try open()
    let first = try await queue.submit(.plain(key: "k"), at: start)
    #expect(try await queue.submit(.plain(key: "k"), at: start.after(86_399)).id == first.id)
    #expect(try await queue.submit(.plain("bob", key: "k"), at: start).id != first.id)
    let conflicts: [NewJob] = [
      .plain("alice", "other work", key: "k"),
      NewJob(owner: "alice", kind: "other", payload: Array("work".utf8), idempotencyKey: "k"),
      NewJob(
        owner: "alice", kind: "echo", payload: Array("work".utf8),
        webhook: try WebURL("http://example.com/"), idempotencyKey: "k"),
    ]
    for job in conflicts {
      #expect(await failure { try await queue.submit(job, at: start.after(10)) } == .conflict)
    }
    let next = try await queue.submit(
      .plain("alice", "other work", key: "k"), at: start.after(86_400))
    #expect(next.id != first.id)
    // The same key answers with the job even when it has ended, and when no more jobs fit.
    for key in ["", String(repeating: "k", count: 256)] {
      #expect(await failure { try await queue.submit(.plain(key: key), at: start) } == .invalid)
    }
    _ = try await queue.submit(.plain(key: String(repeating: "k", count: 255)), at: start)
  }

  @Test func whatWaitsIsBoundedPerOwnerAndInAll() async throws {
    var limits = JobLimits()
    limits.waitingPerOwner = 2
    limits.waiting = 3
    let queue = try open(limits)
    let first = try await queue.submit(.plain("alice", key: "k"), at: start)
    _ = try await queue.submit(.plain("alice"), at: start)
    #expect(await failure { try await queue.submit(.plain("alice"), at: start) } == .tooManyWaiting)
    #expect(try await queue.submit(.plain("alice", key: "k"), at: start).id == first.id)
    _ = try await queue.submit(.plain("bob"), at: start)
    #expect(await failure { try await queue.submit(.plain("bob"), at: start) } == .tooManyWaiting)
    // One that runs does not wait.
    _ = try await queue.claim(until: start.after(60), at: start)
    _ = try await queue.submit(.plain("bob"), at: start)
  }

  @Test func sizesAreBounded() async throws {
    var limits = JobLimits()
    limits.payload = 4
    limits.result = 4
    let queue = try open(limits)
    let refusal = await #expect(throws: JobQueueError.self) {
      try await queue.submit(.plain("a", "12345"), at: start)
    }
    #expect(refusal?.kind == .invalid)
    #expect(refusal?.reason == "echo: at most 4 bytes are kept, got 5")
    for (count, state) in [(4, JobState.succeeded), (5, .failed)] {
      let job = try await queue.submit(.plain("a", "1234"), at: start)
      let claim = try #require(try await queue.claim(until: start.after(60), at: start)).claim
      let result = [UInt8](repeating: 0, count: count)
      #expect(try await queue.finish(claim, .succeeded(result), at: start))
      let done = try await queue.job(job.id, owner: nil)
      #expect(done.state == state)
      #expect(done.failure?.code == (state == .failed ? "RESOURCE_EXHAUSTED" : nil))
    }
  }

  @Test func aFloodOfOneOwnerKeepsNobodyWaiting() async throws {
    let queue = try open()
    for _ in 0..<5 { _ = try await queue.submit(.plain("flood"), at: start) }
    _ = try await queue.submit(.plain("alice"), at: start)
    _ = try await queue.submit(.plain("bob"), at: start)
    var owners: [String] = []
    while let claimed = try await queue.claim(until: start.after(60), at: start) {
      owners.append(claimed.owner)
    }
    #expect(owners == ["flood", "alice", "bob", "flood", "flood", "flood", "flood"])
  }

  @Test func aLeaseThatEndsFreesTheJobAndFencesItsHolder() async throws {
    let queue = try open()
    let job = try await queue.submit(.plain(), at: start)
    let lazy = try #require(try await queue.claim(until: start.after(60), at: start)).claim
    #expect(try await queue.extend([lazy], until: start.after(90)) == [])
    #expect(try await queue.claim(until: start.after(120), at: start.after(89)) == nil)
    let second = try #require(
      try await queue.claim(until: start.after(150), at: start.after(90)))
    #expect(second.attempt == 2)
    #expect(try await queue.extend([lazy, second.claim], until: start.after(200)) == [lazy])
    #expect(try await queue.finish(lazy, .succeeded([1]), at: start.after(91)) == false)
    #expect(try await queue.giveBack(lazy) == false)
    #expect(try await queue.job(job.id, owner: nil).state == .running)
    // Given back in an orderly way, the start does not count; but the claim is a new one.
    #expect(try await queue.giveBack(second.claim))
    let third = try #require(
      try await queue.claim(until: start.after(300), at: start.after(92)))
    #expect(third.attempt == 2 && third.claim != second.claim)
    #expect(try await queue.finish(second.claim, .succeeded([2]), at: start.after(93)) == false)
    // Lost twice more, it is given up.
    _ = try #require(try await queue.claim(until: start.after(400), at: start.after(301)))
    #expect(try await queue.claim(until: start.after(500), at: start.after(401)) == nil)
    let done = try await queue.job(job.id, owner: nil)
    #expect(done.state == .failed && done.failure?.code == "ABORTED" && done.attempts == 3)
  }

  @Test func aRunningJobThatIsCancelledStaysSo() async throws {
    let queue = try open()
    let job = try await queue.submit(.plain(), at: start)
    let claim = try #require(try await queue.claim(until: start.after(60), at: start)).claim
    #expect(try await queue.cancel(job.id, owner: "alice", at: start.after(1)).state == .cancelled)
    #expect(try await queue.extend([claim], until: start.after(90)) == [claim])
    #expect(try await queue.finish(claim, .succeeded([1]), at: start.after(2)) == false)
    #expect(try await queue.job(job.id, owner: nil).result == nil)
  }

  @Test func listsArePagedNewestFirst() async throws {
    let queue = try open()
    var ids: [String] = []
    for number in 0..<25 {
      let owner = number % 5 == 4 ? "bob" : "alice"
      ids.append(try await queue.submit(.plain(owner), at: start.after(Int64(number))).id)
    }
    _ = try await queue.cancel(ids[0], owner: nil, at: start)
    func all(_ owner: String?, _ state: JobState? = nil) async throws -> [String] {
      var query = JobQuery(owner: owner)
      query.limit = 4
      query.state = state
      var seen: [String] = []
      repeat {
        let page = try await queue.jobs(query)
        #expect(page.items.count <= 4)
        seen += page.items.map(\.id)
        query.page = page.next
      } while !query.page.isEmpty
      return seen
    }
    #expect(try await all(nil) == ids.reversed())
    #expect(try await all("bob") == stride(from: 24, to: 0, by: -5).map { ids[$0] })
    #expect(try await all("alice", .cancelled) == [ids[0]])
    #expect(try await all(nil, .queued) == ids.dropFirst().reversed())
    for (limit, page) in [(0, ""), (1001, ""), (10, "x"), (10, "-1"), (10, "0")] {
      var query = JobQuery(owner: nil)
      query.limit = limit
      query.page = page
      #expect(await failure { try await queue.jobs(query) } == .invalid)
    }
  }

  @Test func whatEndedIsRemovedByAgeAndNumber() async throws {
    var limits = JobLimits()
    limits.kept = 3
    let queue = try open(limits)
    for number in 0..<6 {
      let job = try await queue.submit(.plain(), at: start)
      _ = try await queue.cancel(job.id, owner: nil, at: start.after(Int64(number)))
    }
    let waiting = try await queue.submit(.plain(), at: start)
    #expect(try await queue.removeEnded(before: start.after(2)) == 3)
    #expect(try await queue.counts() == [.cancelled: 3, .queued: 1])
    #expect(try await queue.removeEnded(before: start.after(100)) == 3)
    #expect(try await queue.removeEnded(before: start.after(100)) == 0)
    #expect(try await queue.job(waiting.id, owner: nil).state == .queued)
  }
}
