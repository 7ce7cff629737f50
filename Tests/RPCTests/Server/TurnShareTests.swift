import EventLoop
import Testing

@testable import RPC

@Suite struct TurnShareTests {
  private static let start = LoopInstant(nanoseconds: 1_000)

  @Test func endsWithItsCalls() {
    var share = TurnShare(start: Self.start)
    for _ in 0..<TurnShare.calls {
      #expect(!share.isUsedUp(now: Self.start))
      share.calls += 1
    }
    #expect(share.isUsedUp(now: Self.start))
  }

  @Test func endsWithItsTime() {
    let share = TurnShare(start: Self.start)
    let end = Self.start.advanced(byNanoseconds: Int64(TurnShare.nanoseconds))
    #expect(!share.isUsedUp(now: LoopInstant(nanoseconds: end.nanoseconds - 1)))
    #expect(share.isUsedUp(now: end))
  }
}
