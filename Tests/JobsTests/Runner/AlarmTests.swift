import Testing

@testable import Jobs

@Suite(.timeLimit(.minutes(1))) struct AlarmTests {
  private let time = FakeClock()

  @Test func aRingBeforeTheWaitIsKeptOnce() async {
    let alarm = Alarm(clock: time.clock)
    alarm.ring()
    alarm.ring()
    await alarm.wait(atMost: nil)
    let second = Task { await alarm.wait(atMost: .seconds(10)) }
    await time.awaitSleeper(until: time.now.after(10))
    time.advance(by: .seconds(10))
    await second.value
  }

  @Test func aTimerThatWasOvertakenEndsNoLaterWait() async {
    let alarm = Alarm(clock: time.clock)
    let first = Task { await alarm.wait(atMost: .seconds(10)) }
    await time.awaitSleeper(until: time.now.after(10))
    alarm.ring()
    await first.value
    let second = Task { await alarm.wait(atMost: .seconds(100)) }
    let end = time.now.after(100)
    await time.awaitSleeper(until: end)
    // Past the end of the first wait's timer.
    time.advance(by: .seconds(50))
    await time.awaitSleeper(until: end)
    time.advance(by: .seconds(50))
    await second.value
  }
}
