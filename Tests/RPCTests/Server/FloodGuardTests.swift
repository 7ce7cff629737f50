import EventLoop
import Testing

@testable import RPC

@Suite struct FloodGuardTests {
  private static let limits: ServerLimits = {
    var limits = ServerLimits()
    limits.resetBurst = 30
    limits.resetsPerSecond = 10
    limits.emptyFramesPerSecond = 20
    limits.excessHeaderSizePerSecond = 1_000
    return limits
  }()

  @Test(arguments: [
    (Flood.resets, burst: 30, perSecond: 10), (.emptyFrames, burst: 20, perSecond: 20),
    (.excessHeaders, burst: 1_000, perSecond: 1_000),
  ])
  func admitsABurstAndThenARate(flood: Flood, burst: Int, perSecond: Int) {
    var guarded = FloodGuard(Self.limits)
    var now = LoopInstant(nanoseconds: 5)
    #expect(guarded.admits(burst, of: flood, now: now))
    #expect(!guarded.admits(1, of: flood, now: now))
    #expect(guarded.admits(0, of: flood, now: now), "nothing is never too much")
    now = now.advanced(by: .seconds(1))
    #expect(!guarded.admits(perSecond + 1, of: flood, now: now))
    #expect(guarded.admits(perSecond, of: flood, now: now))
  }

  @Test func kindsAreChargedApart() {
    var guarded = FloodGuard(Self.limits)
    let now = LoopInstant(nanoseconds: 5)
    #expect(!guarded.admits(21, of: .emptyFrames, now: now))
    #expect(guarded.admits(30, of: .resets, now: now))
    #expect(guarded.admits(20, of: .emptyFrames, now: now))
    #expect(guarded.admits(1_000, of: .excessHeaders, now: now))
  }
}
