import Testing

@testable import Serving

@Suite struct VersionHoldsTests {
  @Test func aVersionIsHeldUntilAllWhoHoldItHaveDone() {
    var holds = VersionHolds()
    holds.hold([1, 2])
    holds.hold([2])
    holds.release([1, 2])
    #expect(!holds.contains(1) && holds.contains(2))
    holds.release([2])
    #expect(holds == VersionHolds())
  }

  @Test func whatWasDroppedIsReleasedInVain() {
    var holds = VersionHolds()
    holds.hold([1])
    holds.hold([1])
    holds.drop([1])
    #expect(!holds.contains(1))
    holds.release([1])
    #expect(holds == VersionHolds())
  }
}
