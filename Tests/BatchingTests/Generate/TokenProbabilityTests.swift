import Inference
import Testing

@testable import Batching

/// What the backend says of a token reaches whoever reads the token, and nobody else.
struct TokenProbabilityTests {
  @Test func travelsWithItsToken() async throws {
    let fixture = try SchedulerFixture()
    var asking = fixture.request([1, 2, 3], max: 5)
    asking.sampling.logprobs = 2
    let silent = fixture.generate(fixture.request([4], max: 5))
    let stream = try await fixture.scheduler.generate(asking)
    var count = 0
    while let token = try await stream.next() {
      #expect(token.probability == HashingBackend.probability(of: token.id))
      count += 1
    }
    #expect(count == 5)
    _ = try await silent.value
    let plain = try await fixture.scheduler.generate(fixture.request([4], max: 1))
    #expect(try await plain.next()?.probability == nil)
    #expect(try await plain.next() == nil)
    await fixture.empty()
  }
}
