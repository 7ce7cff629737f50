import EventLoop
import Testing

@testable import RPC

@Suite struct IdleMachineTests {
  private func at(_ seconds: Int64) -> LoopInstant {
    LoopInstant(nanoseconds: 7).advanced(by: .seconds(seconds))
  }

  @Test func whoNeverCallsExpires() {
    let machine = IdleMachine(limit: .seconds(10), now: at(0))
    #expect(machine.verdict(now: at(0)) == .waiting(until: at(10)))
    #expect(machine.verdict(now: at(9)) == .waiting(until: at(10)))
    #expect(machine.verdict(now: at(10)) == .expired)
  }

  @Test func noCallIsTooLong() {
    var machine = IdleMachine(limit: .seconds(10), now: at(0))
    machine.firstCallBegan()
    #expect(machine.verdict(now: at(10)) == .waiting(until: at(20)))
    #expect(machine.verdict(now: at(1_000)) == .waiting(until: at(1_010)))
  }

  @Test func theTimeRunsFromTheLastCallsEnd() {
    var machine = IdleMachine(limit: .seconds(10), now: at(0))
    machine.firstCallBegan()
    machine.lastCallEnded(now: at(4))
    #expect(machine.verdict(now: at(10)) == .waiting(until: at(14)))
    #expect(machine.verdict(now: at(14)) == .expired)
  }
}
