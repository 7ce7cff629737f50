import Foundation
import TestSupport
import Testing
import Time
import Web

@testable import Jobs

/// Whole services against a real receiver; see Servers/http_server.py for its paths.
@Suite(.timeLimit(.minutes(2))) struct WebhookDeliveryTests {
  private let server: PythonServer
  private let time = FakeClock()
  private let calls = Sightings<(id: String, outcome: DeliveryOutcome)>()

  init() throws { server = try #require(try PythonServer.start("http_server.py")) }

  private func service(
    opening: [String] = ["127.0.0.1"], _ change: (inout JobService.Options) -> Void = { _ in }
  ) async throws -> JobService {
    var options = JobService.Options()
    options.clock = time.clock
    options.openAddresses = try AddressGuard(opening: opening)
    change(&options)
    let service = try JobService(
      ":memory:", options,
      observe: { [calls] event in
        if case .called(let id, _, let outcome) = event { calls.add((id, outcome)) }
      }, work: { $0.payload })
    await service.start()
    return service
  }

  private func submit(
    _ service: JobService, _ path: String, host: String = "127.0.0.1", owner: String = "alice"
  ) async throws -> Job {
    var job = NewJob.plain(owner)
    job.webhook = try WebURL("http://\(host):\(server.port)\(path)")
    return try await service.submit(job)
  }

  private func webhook(_ service: JobService, _ job: Job) async throws -> WebhookStatus? {
    try await service.job(job.id, owner: nil).webhook
  }

  /// The POSTs that the receiver saw.
  private func received() async throws -> [[String: Any]] {
    var configuration = WebClient.Configuration()
    configuration.addresses = .everywhere
    let client = try WebClient(configuration)
    let response = try await client.send(
      WebRequest(.get, try WebURL("http://127.0.0.1:\(server.port)/log")))
    return try JSONSerialization.jsonObject(with: Data(response.body)) as? [[String: Any]] ?? []
  }

  @Test func aTakenCallIsSignedAndMadeOnce() async throws {
    let service = try await service()
    let job = try await submit(service, "/status/204")
    try await until { try await webhook(service, job)?.state == .delivered }
    let seen = try #require(try await received().first)
    let headers = try #require(seen["headers"] as? [String: String])
    let body = try #require(
      (seen["body"] as? String).flatMap { Data(base64Encoded: $0) }.map { Array($0) })
    let id = "msg_" + job.id.dropFirst(4)
    #expect(headers["webhook-id"] == id)
    let timestamp = try #require(headers["webhook-timestamp"].flatMap { Int64($0) })
    #expect(timestamp == time.now.microseconds / 1_000_000)
    let secret = try #require(try await service.webhookSecrets(of: "alice").first)
    #expect(
      headers["webhook-signature"] == secret.signature(id: id, timestamp: timestamp, body: body))
    #expect(headers["content-type"] == "application/json")
    #expect(String(decoding: body, as: UTF8.self).contains(#""type":"job.succeeded""#))
    await service.stop(within: .zero)
    #expect(try await received().count == 1)
  }

  @Test func failuresAreTriedAgainUntilTaken() async throws {
    let service = try await service()
    let job = try await submit(service, "/status/500?after=3")
    for attempt in 1...3 {
      try await until { try await webhook(service, job)?.attempts == attempt }
      let status = try #require(try await webhook(service, job))
      #expect(status.state == .pending && status.lastError.contains("500"))
      let next = try #require(status.next)
      await time.awaitSleeper(until: next)
      time.advance(by: time.now.duration(to: next))
    }
    try await until { try await webhook(service, job)?.state == .delivered }
    #expect(try await webhook(service, job)?.attempts == 4)
    await service.stop(within: .zero)
    let ids = try await received().compactMap {
      ($0["headers"] as? [String: String])?["webhook-id"]
    }
    #expect(ids.count == 4 && Set(ids).count == 1)
  }

  @Test func whatNobodyTakesBecomesADeadLetterThatCanBeSentAgain() async throws {
    let service = try await service {
      $0.webhooks.policy = WebhookPolicy(delays: [.seconds(5)])
    }
    let job = try await submit(service, "/status/500?after=2")
    try await until { try await webhook(service, job)?.attempts == 1 }
    let next = try #require(try await webhook(service, job)?.next)
    await time.awaitSleeper(until: next)
    time.advance(by: time.now.duration(to: next))
    try await until { try await webhook(service, job)?.state == .dead }
    let letter = try #require(try await service.deadLetters(JobQuery(owner: "alice")).items.first)
    #expect(letter.job == job.id && letter.lastError.contains("given up after 2 calls"))
    try await service.redeliver(letter.id, owner: "alice")
    try await until { try await webhook(service, job)?.state == .delivered }
    await service.stop(within: .zero)
  }

  @Test func aReceiverThatIsGoneIsNotCalledAgain() async throws {
    let service = try await service()
    let first = try await submit(service, "/status/410")
    try await until { try await webhook(service, first)?.state == .dead }
    let second = try await submit(service, "/status/410")
    try await until { try await webhook(service, second)?.state == .dead }
    #expect(try await received().count == 1)
    await service.stop(within: .zero)
  }

  @Test func oneThatHangsHoldsUpOnlyItself() async throws {
    let service = try await service(opening: ["127.0.0.1", "localhost"]) {
      $0.webhooks.concurrency = 4
      $0.webhooks.perHost = 2
    }
    var stuck: [Job] = []
    for _ in 0..<6 { stuck.append(try await submit(service, "/hang", host: "localhost")) }
    try await until { try await received().count == 2 }
    for _ in 0..<10 {
      let job = try await submit(service, "/status/200", owner: "bob")
      try await until { try await webhook(service, job)?.state == .delivered }
    }
    // Still only as many as one host may have.
    #expect(try await received().filter { $0["path"] as? String == "/hang" }.count == 2)
    for job in stuck { #expect(try await webhook(service, job)?.attempts == 0) }
    await service.stop(within: .zero)
  }

  @Test func aHangingReceiverTimesOutAndIsTriedAgain() async throws {
    let service = try await service { $0.webhooks.timeout = .milliseconds(100) }
    let job = try await submit(service, "/hang")
    try await until { try await webhook(service, job)?.attempts == 1 }
    let status = try #require(try await webhook(service, job))
    #expect(status.state == .pending && status.lastError.contains("no complete response within"))
    await service.stop(within: .zero)
  }

  @Test func internalAddressesAreRefusedWhateverWayTheyAreNamed() async throws {
    let service = try await service(opening: ["127.0.0.1"])
    // Named by an address: refused before it is taken in.
    for host in ["127.0.0.2", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "127.2"]
    {
      await #expect {
        try await submit(service, "/echo", host: host)
      } throws: { error in
        guard let error = error as? JobQueueError else { return false }
        return error.kind == .invalid && error.reason.hasPrefix("webhook_url: ")
      }
    }
    await service.stop(within: .zero)
    // Behind a name: refused when the socket is opened. Where a redirect leads is not asked for.
    let strict = try await self.service(opening: [])
    let named = try await submit(strict, "/echo", host: "localhost")
    try await until { try await webhook(strict, named)?.state == .dead }
    #expect(try await webhook(strict, named)?.lastError.contains("loopback") == true)
    await strict.stop(within: .zero)
    let open = try await self.service(opening: ["127.0.0.1"])
    let redirected = try await submit(open, "/redirect?to=http://localhost:\(server.port)/inside")
    try await until { try await webhook(open, redirected)?.attempts == 1 }
    #expect(try await webhook(open, redirected)?.lastError.contains("redirects") == true)
    await open.stop(within: .zero)
    #expect(
      try await received().map { $0["path"] as? String } == [
        "/redirect?to=http://localhost:\(server.port)/inside"
      ])
  }
}
