import Bytes
import EventLoop
import Testing

@testable import REST

@Suite struct ExchangeMachineTests {
  @Test func answersAtOnce() {
    var machine = ExchangeMachine()
    #expect(machine.whole() == .start)
    #expect(machine.answered() == false)
    #expect(machine.whole() == .queue)
    #expect(machine.completed() == true, "what wrote a body may still run")
    #expect(machine.phase == .over)
  }

  @Test func answersBeforeTheNextLook() {
    var machine = ExchangeMachine()
    #expect(machine.whole() == .start)
    #expect(!machine.isSuspended)
    #expect(machine.answered() == false, "nothing to resume")
    #expect(machine.whole() == .queue)
  }

  @Test func answersLater() {
    var machine = ExchangeMachine()
    #expect(machine.whole() == .start)
    #expect(machine.whole() == .suspend)
    #expect(machine.whole() == .wait)
    #expect(machine.answered() == true, "resumes")
    #expect(machine.whole() == .queue)
    #expect(machine.answered() == nil, "there is one answer")
  }

  @Test func streamsWithPauses() {
    var machine = ExchangeMachine()
    _ = machine.whole()
    _ = machine.answered()
    #expect(machine.fed() == false)
    #expect(machine.ranDry() == true)
    #expect(machine.ranDry() == false, "suspended once")
    #expect(machine.fed() == true)
    #expect(machine.fed() == false)
  }

  @Test func anAnswerThatComesTooLateIsDropped() {
    var machine = ExchangeMachine()
    _ = machine.whole()
    _ = machine.whole()
    #expect(machine.completed() == true)
    #expect(machine.answered() == nil)
    #expect(machine.fed() == false)
    #expect(machine.ranDry() == false)
    #expect(machine.whole() == .wait)
  }

  @Test func answersBeforeTheBody() {
    var machine = ExchangeMachine()
    #expect(machine.answered() == false)
    #expect(machine.whole() == .queue)
  }

  @Test func nothingRunsForARequestThatWasNeverWhole() {
    var machine = ExchangeMachine()
    #expect(machine.completed() == false)
  }
}

@Suite struct ConnectionClockTests {
  private let limits: HTTPLimits = {
    var limits = HTTPLimits()
    limits.headTime = .seconds(10)
    limits.bodyTime = .seconds(60)
    limits.idleTime = .seconds(75)
    return limits
  }()
  private func at(_ seconds: UInt64) -> LoopInstant {
    LoopInstant(nanoseconds: seconds * 1_000_000_000)
  }

  @Test func aNewConnectionMustShowAHeadSoon() {
    var clock = ConnectionClock(limits: limits, now: at(0))
    #expect(!clock.isOverdue(at(9)) && clock.isOverdue(at(10)))
    clock.sawRequestLine(at(8))
    #expect(clock.isOverdue(at(10)), "a first line gains no time")
    #expect(clock.limit == .headTime)
  }

  @Test func everyPartHasItsTime() {
    var clock = ConnectionClock(limits: limits, now: at(0))
    clock.sawRequestLine(at(1))
    clock.sawHead(at(2))
    #expect(clock.phase == .body && !clock.isOverdue(at(61)) && clock.isOverdue(at(62)))
    #expect(clock.limit == .bodyTime)
    clock.sawBody()
    #expect(clock.phase == .handling && !clock.isOverdue(at(100_000)))
    clock.completed(at(100))
    #expect(clock.phase == .waiting && !clock.isOverdue(at(174)) && clock.isOverdue(at(175)))
    #expect(clock.limit == .idleTime)
    clock.sawRequestLine(at(170))
    #expect(clock.isOverdue(at(175)), "an idle connection's time is the request's too")
  }
}

@Suite struct BodySourceTests {
  @Test func givesWhatFits() {
    let source = BodySource(queueLimit: 4)
    #expect(source.queue.send([1, 2, 3]) == .accepted)
    #expect(source.queue.send([4, 5]) == .accepted)
    var buffer = [UInt8](repeating: 0, count: 4)
    func read() -> BodySource.Portion { buffer.withUnsafeMutableBytes { source.read(into: $0) } }
    #expect(read() == .bytes(4))
    #expect(buffer == [1, 2, 3, 4])
    #expect(read() == .bytes(1))
    #expect(read() == .dry)
    source.end(cutOff: false)
    #expect(read() == .end)
  }

  @Test func saysThatItWasCutOffOnceAllIsRead() {
    let source = BodySource(queueLimit: 4)
    _ = source.queue.send([1])
    source.end(cutOff: true)
    var buffer = [UInt8](repeating: 0, count: 4)
    #expect(buffer.withUnsafeMutableBytes { source.read(into: $0) } == .bytes(1))
    #expect(buffer.withUnsafeMutableBytes { source.read(into: $0) } == .cutOff)
  }

  @Test func pausesWriters() {
    let source = BodySource(queueLimit: 4)
    for _ in 0..<3 { #expect(source.queue.send([1]) == .accepted) }
    #expect(source.queue.send([1]) == .paused)
    source.abandon()
    #expect(source.queue.send([1]) == .closed)
  }
}
