import EventLoop
import Testing

@testable import RPC

@Suite struct DrainMachineTests {
  @Test func announcesThenLeavesOnThePing() {
    var machine = DrainMachine()
    #expect(machine.begin(isSettled: true) == .announce(DrainMachine.pingPayload))
    #expect(machine.begin(isSettled: true) == .none)
    #expect(machine.pingAnswered(1) == .none, "somebody else's ping")
    #expect(machine.pingAnswered(DrainMachine.pingPayload) == .goAway)
    #expect(machine.waitedLongEnough() == .none)
    #expect(machine.phase == .leaving)
  }

  @Test func leavesWithoutAnAnswer() {
    var machine = DrainMachine()
    _ = machine.begin(isSettled: true)
    #expect(machine.waitedLongEnough() == .goAway)
    #expect(machine.pingAnswered(DrainMachine.pingPayload) == .none)
  }

  @Test func closesWhoHasSaidNothing() {
    var machine = DrainMachine()
    #expect(machine.begin(isSettled: false) == .close)
  }

  @Test func doesNothingWhileServing() {
    var machine = DrainMachine()
    #expect(machine.pingAnswered(DrainMachine.pingPayload) == .none)
    #expect(machine.waitedLongEnough() == .none)
    #expect(machine.phase == .serving)
  }
}

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
