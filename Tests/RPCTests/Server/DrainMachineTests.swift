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
