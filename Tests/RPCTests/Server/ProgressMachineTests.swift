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
    #expect(!machine.isStalled(isAwaited: true, bytes: 0, limit: limit, now: at(9)))
    #expect(machine.isStalled(isAwaited: true, bytes: 99, limit: limit, now: at(10)))
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
    #expect(!machine.isStalled(isAwaited: false, bytes: 0, limit: limit, now: at(50)))
    #expect(!machine.isStalled(isAwaited: true, bytes: 0, limit: limit, now: at(60)))
    #expect(!machine.isStalled(isAwaited: true, bytes: 0, limit: limit, now: at(69)))
    #expect(!machine.isStalled(isAwaited: false, bytes: 0, limit: limit, now: at(70)))
    #expect(!machine.isStalled(isAwaited: true, bytes: 0, limit: limit, now: at(71)))
    #expect(machine.isStalled(isAwaited: true, bytes: 0, limit: limit, now: at(81)))
  }
}
