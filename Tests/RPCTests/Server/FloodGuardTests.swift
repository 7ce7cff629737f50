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
    func admits(_ count: Int) -> Bool { guarded.admits(count, of: flood, now: now) }
    #expect(admits(burst) == true)
    #expect(admits(1) == false)
    #expect(admits(0) == true, "nothing is never too much")
    now = now.advanced(by: .seconds(1))
    #expect(admits(perSecond + 1) == false)
    #expect(admits(perSecond) == true)
  }

  @Test func kindsAreChargedApart() {
    var guarded = FloodGuard(Self.limits)
    let now = LoopInstant(nanoseconds: 5)
    func admits(_ count: Int, _ flood: Flood) -> Bool { guarded.admits(count, of: flood, now: now) }
    #expect(admits(21, .emptyFrames) == false)
    #expect(admits(30, .resets) == true)
    #expect(admits(20, .emptyFrames) == true)
    #expect(admits(1_000, .excessHeaders) == true)
  }
}
