import Foundation
import Testing
import Time
import Web

@testable import Jobs

@Suite struct OutboxTests {
  private let queue: SQLiteJobQueue
  init() throws { queue = try SQLiteJobQueue(path: ":memory:", at: start) }

  /// A job that has ended, with its webhook in the outbox.
  private func ended(
    _ owner: String = "alice", _ url: String = "http://example.com/hook", at time: UnixTime = start
  ) async throws -> Job {
    var new = NewJob.plain(owner)
    new.webhook = try WebURL(url)
    let job = try await queue.submit(new, at: time)
    #expect(job.webhook?.state == .pending && job.webhook?.next == nil)
    return try await queue.cancel(job.id, owner: owner, at: time)
  }

  private func due(_ time: UnixTime, limit: Int = 10, load: DeliveryLoad = DeliveryLoad())
    async throws -> [Delivery]
  {
    try await queue.dueDeliveries(at: time, until: time.after(60), limit: limit, load: load)
  }

  @Test func theEndOfAJobPutsItsCallIn() async throws {
    let job = try await ended()
    #expect(job.webhook?.next == start)
    let delivery = try #require(try await due(start).first)
    #expect(delivery.id == "msg_" + job.id.dropFirst(4))
    #expect(delivery.host == "example.com" && delivery.attempts == 0)
    let body = try #require(
      try JSONSerialization.jsonObject(with: Data(delivery.body)) as? [String: Any])
    #expect(body["type"] as? String == "job.cancelled")
    #expect(body["timestamp"] as? String == "2027-01-15T08:00:00Z")
    #expect((body["data"] as? [String: Any])?["id"] as? String == job.id)
    // Leased to whoever asked, and free again when nothing is heard.
    #expect(try await due(start.after(59)).isEmpty)
    #expect(try await queue.nextDue(after: start.after(1)) == start.after(60))
    #expect(try await due(start.after(60)) == [delivery])
  }

  @Test func aTryIsWrittenDownAndTheBodyStaysTheSame() async throws {
    let job = try await ended()
    let first = try #require(try await due(start).first)
    try await queue.record(
      .retry(at: start.after(5), error: "no"), of: first.id, at: start.after(1))
    let status = try await queue.job(job.id, owner: nil).webhook
    #expect(status?.attempts == 1 && status?.lastError == "no" && status?.next == start.after(5))
    #expect(try await due(start.after(4)).isEmpty)
    let second = try #require(try await due(start.after(5)).first)
    #expect(second.id == first.id && second.body == first.body && second.attempts == 1)
    try await queue.record(.delivered, of: second.id, at: start.after(6))
    let done = try await queue.job(job.id, owner: nil).webhook
    #expect(done?.state == .delivered && done?.attempts == 2 && done?.lastError == "")
    #expect(try await queue.nextDue(after: UnixTime(seconds: 0)) == nil)
    // A second word about it, from a sender that was slow, changes nothing.
    try await queue.record(.dead(error: "late"), of: second.id, at: start.after(7))
    #expect(try await queue.job(job.id, owner: nil).webhook?.state == .delivered)
  }

  @Test func deadLettersCanBeListedAndSentAgain() async throws {
    for index in 0..<3 { _ = try await ended("alice", "http://a\(index).example/") }
    _ = try await ended("bob", "http://b.example/")
    for delivery in try await due(start) {
      try await queue.record(.dead(error: "gave up"), of: delivery.id, at: start)
    }
    var query = JobQuery(owner: "alice")
    query.limit = 2
    let page = try await queue.deadLetters(query)
    #expect(page.items.map(\.url) == ["http://a2.example/", "http://a1.example/"])
    #expect(page.items.allSatisfy { $0.lastError == "gave up" && $0.attempts == 1 })
    query.page = page.next
    #expect(try await queue.deadLetters(query).items.map(\.url) == ["http://a0.example/"])
    #expect(try await queue.deadLetters(JobQuery(owner: nil)).items.count == 4)
    #expect(try await queue.deliveryCounts() == [.dead: 4])

    let letter = page.items[0].id
    await #expect(throws: JobQueueError.self) {
      try await queue.redeliver(letter, owner: "bob", at: start)
    }
    try await queue.redeliver(letter, owner: "alice", at: start.after(9))
    await #expect(throws: JobQueueError.self) {
      try await queue.redeliver(letter, owner: "alice", at: start)
    }
    let again = try await due(start.after(9))
    #expect(again.map(\.id) == [letter] && again.map(\.attempts) == [0])
  }

  @Test func goneMeansGoneForThatAddressOfThatOwner() async throws {
    _ = try await ended("alice", "http://x.example/1")
    _ = try await ended("alice", "http://x.example/1")
    _ = try await ended("alice", "http://x.example/2")
    _ = try await ended("bob", "http://x.example/1")
    let first = try #require(try await due(start, limit: 1).first)
    try await queue.record(.gone(error: "410"), of: first.id, at: start)
    let rest = try await due(start)
    #expect(
      Set(rest.map { "\($0.owner) \($0.url)" }) == [
        "alice http://x.example/2", "bob http://x.example/1",
      ])
    let later = try await ended("alice", "http://x.example/1")
    #expect(later.webhook?.state == .dead && later.webhook?.lastError.contains("410") == true)
    // Sending one again by hand takes the receiver back in.
    try await queue.redeliver(first.id, owner: "alice", at: start)
    #expect(try await ended("alice", "http://x.example/1").webhook?.state == .pending)
  }

  @Test func whoIsAtItsBoundIsPassedOver() async throws {
    _ = try await ended("alice", "http://slow.example/")
    _ = try await ended("bob", "http://b.example/")
    _ = try await ended("carol", "http://c.example/")
    var load = DeliveryLoad()
    load.hosts = ["slow.example"]
    load.owners = ["bob"]
    #expect(try await due(start, load: load).map(\.owner) == ["carol"])
    #expect(try await due(start).map(\.owner) == ["alice", "bob"])
  }

  @Test func jobsWithPendingCallsAreKept() async throws {
    let job = try await ended()
    #expect(try await queue.removeEnded(before: start.after(100)) == 0)
    let delivery = try #require(try await due(start).first)
    try await queue.record(.delivered, of: delivery.id, at: start)
    #expect(try await queue.removeEnded(before: start.after(100)) == 1)
    await #expect(throws: JobQueueError.self) { try await queue.job(job.id, owner: nil) }
    #expect(try await queue.deadLetters(JobQuery(owner: nil)).items.isEmpty)
  }

  @Test func secretsAreEachOwnersAndRotateWithOverlap() async throws {
    let alice = try await queue.secrets(of: "alice", at: start)
    #expect(alice.count == 1)
    #expect(try await queue.secrets(of: "alice", at: start) == alice)
    #expect(try await queue.secrets(of: "bob", at: start) != alice)
    try await queue.rotateSecrets(overlap: .seconds(100), at: start)
    let both = try await queue.secrets(of: "alice", at: start.after(99))
    #expect(both.count == 2 && both[1] == alice[0] && both[0] != alice[0])
    #expect(try await queue.secrets(of: "alice", at: start.after(100)) == [both[0]])
    // No overlap ends all of before at once, those that had longer too.
    try await queue.rotateSecrets(overlap: .zero, at: start.after(50))
    let newest = try await queue.secrets(of: "alice", at: start.after(50))
    #expect(newest.count == 1 && !both.contains(newest[0]))
  }
}
