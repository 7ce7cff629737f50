import EventLoop
import Testing

@testable import RPC

@Suite struct ProgressMachineTests {
  private let limit = Duration.seconds(10)

  private func at(_ seconds: Int64) -> LoopInstant {
    LoopInstant(nanoseconds: 7).advanced(by: .seconds(seconds))
  }

  @Test func whoNeverGoesOnIsStalledAtTheLimit() {
    var machine = ProgressMachine(least: 100, start: at(0))
    let verdict1 = machine.isStalled(isAwaited: true, bytes: 0, limit: limit, now: at(9))
    #expect(!verdict1)
    let verdict2 = machine.isStalled(isAwaited: true, bytes: 99, limit: limit, now: at(10))
    #expect(verdict2)
  }

  @Test func slowButMovingLives() {
    var machine = ProgressMachine(least: 100, start: at(0))
    for second in 1...100 {
      let isStalled = machine.isStalled(
        isAwaited: true, bytes: second * 12, limit: limit, now: at(Int64(second)))
      #expect(!isStalled, "second \(second)")
    }
  }

  @Test func aDripBelowTheLeastIsNone() {
    var machine = ProgressMachine(least: 100, start: at(0))
    let stalled = (1...100).first { second in
      machine.isStalled(isAwaited: true, bytes: second, limit: limit, now: at(Int64(second)))
    }
    #expect(stalled == 10)
  }

  @Test func theTimeBeginsWhenSomethingIsAwaited() {
    var machine = ProgressMachine(least: 1, start: nil)
    let verdict3 = machine.isStalled(isAwaited: false, bytes: 0, limit: limit, now: at(50))
    #expect(!verdict3)
    let verdict4 = machine.isStalled(isAwaited: true, bytes: 0, limit: limit, now: at(60))
    #expect(!verdict4)
    let verdict5 = machine.isStalled(isAwaited: true, bytes: 0, limit: limit, now: at(69))
    #expect(!verdict5)
    let verdict6 = machine.isStalled(isAwaited: false, bytes: 0, limit: limit, now: at(70))
    #expect(!verdict6)
    let verdict7 = machine.isStalled(isAwaited: true, bytes: 0, limit: limit, now: at(71))
    #expect(!verdict7)
    let verdict8 = machine.isStalled(isAwaited: true, bytes: 0, limit: limit, now: at(81))
    #expect(verdict8)
  }
}
