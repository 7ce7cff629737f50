import EventLoop
import Testing

@testable import RPC

@Suite struct TokenBucketTests {
  @Test func allowsABurstThenARate() {
    var bucket = TokenBucket(burst: 3, perSecond: 10)
    var now = LoopInstant(nanoseconds: 1_000)
    func take() -> Bool { bucket.take(now: now) }
    for _ in 0..<3 { #expect(take() == true) }
    #expect(take() == false)
    now = now.advanced(by: .milliseconds(99))
    #expect(take() == false)
    now = now.advanced(by: .milliseconds(2))
    #expect(take() == true)
    #expect(take() == false)
    now = now.advanced(by: .seconds(100))
    for _ in 0..<3 { #expect(take() == true) }
    #expect(take() == false, "no more than the burst is saved up")
  }
}
