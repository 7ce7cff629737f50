import EventLoop
import Testing

@testable import Serving

@Suite struct StopMachineTests {
  private func at(_ seconds: Int64) -> LoopInstant {
    LoopInstant(nanoseconds: 7).advanced(by: .seconds(seconds))
  }

  @Test func theSecondSignalEndsAtOnce() {
    var machine = StopMachine()
    #expect(machine.received(.terminate, patience: .seconds(40), now: at(0)) == .stop)
    #expect(machine.received(.interrupt, patience: .seconds(40), now: at(0)) == .end(code: 130))
  }

  @Test func aStopThatTakesTooLongIsGivenUp() {
    var machine = StopMachine()
    #expect(machine.end == nil && machine.elapsed(now: at(1_000)) == .none)
    #expect(machine.received(.terminate, patience: .seconds(40), now: at(0)) == .stop)
    #expect(machine.end == at(40))
    #expect(machine.elapsed(now: at(39)) == .none)
    #expect(machine.elapsed(now: at(40)) == .giveUp(code: 143))
  }
}
