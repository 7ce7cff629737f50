import EventLoop
import Testing

@testable import Serving

@Suite struct StopMachineTests {
  private func at(_ seconds: Int64) -> LoopInstant {
    LoopInstant(nanoseconds: 7).advanced(by: .seconds(seconds))
  }

  @Test func theSecondSignalEndsAtOnce() {
    var machine = StopMachine()
    let verdict1 = machine.received(.terminate, patience: .seconds(40), now: at(0))
    #expect(verdict1 == .stop)
    let verdict2 = machine.received(.interrupt, patience: .seconds(40), now: at(0))
    #expect(verdict2 == .end(code: 130))
  }

  @Test func aStopThatTakesTooLongIsGivenUp() {
    var machine = StopMachine()
    #expect(machine.end == nil)
    let before = machine.elapsed(now: at(1_000))
    #expect(before == .none)
    let verdict3 = machine.received(.terminate, patience: .seconds(40), now: at(0))
    #expect(verdict3 == .stop)
    #expect(machine.end == at(40))
    let verdict4 = machine.elapsed(now: at(39))
    #expect(verdict4 == .none)
    let verdict5 = machine.elapsed(now: at(40))
    #expect(verdict5 == .giveUp(code: 143))
  }
}
