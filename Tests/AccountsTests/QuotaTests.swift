import Accounts
import Testing
import Time

@Suite struct QuotaTests {
  let limiter = MemoryRateLimiter()
  let caller = Caller.test(
    LimitPlan(
      Limits(monthlyRequests: 3, monthlyTokens: 100), models: ["m": Limits(monthlyRequests: 2)]))

  @Test func aMonthEndsAtItsLastMicrosecond() throws {
    let november = CalendarMonth(year: 2026, month: 11)
    let end = november.next.start
    let clock = FakeClock(wall: UnixTime(microseconds: end.microseconds - 2))
    for _ in 0..<3 { #expect(admit(clock).admission != nil) }
    let refusal = try #require(admit(clock).refusal)
    #expect(refusal.limit.name == "month-requests")
    #expect(refusal.limit.window == 30 * 86_400)
    #expect(refusal.retryAfter == .microseconds(2))
    clock.advance(by: .microseconds(1))
    #expect(admit(clock).refusal != nil)
    clock.advance(by: .microseconds(1))
    #expect(admit(clock).reading("month-requests")?.remaining == 2)
    #expect(admit(clock).reading("month-requests")?.window == 31 * 86_400)
    // A clock that is set back brings no month back.
    let earlier = FakeClock(wall: november.start)
    #expect(admit(earlier).admission != nil)
    #expect(admit(earlier).refusal != nil)
  }

  @Test func changesAreTakenOnceAndAddUp() throws {
    let clock = FakeClock()
    let month = clock.now.wall.month
    let call = try #require(admit(clock, model: "m", tokens: 30).admission)
    #expect(
      sorted(limiter.takeChanges()) == [
        QuotaUse(month: month, keyID: caller.keyID, requests: 1, tokens: 30),
        QuotaUse(month: month, keyID: caller.keyID, model: "m", requests: 1, tokens: 30),
      ])
    #expect(limiter.takeChanges().isEmpty)
    call.finish(tokens: 12, at: clock.now)
    #expect(
      sorted(limiter.takeChanges()) == [
        QuotaUse(month: month, keyID: caller.keyID, requests: 0, tokens: -18),
        QuotaUse(month: month, keyID: caller.keyID, model: "m", requests: 0, tokens: -18),
      ])
    #expect(limiter.takeChanges().isEmpty)
  }

  @Test func aPastMonthIsStillSaved() throws {
    let november = CalendarMonth(year: 2026, month: 11)
    let clock = FakeClock(wall: UnixTime(microseconds: november.next.start.microseconds - 1))
    let call = try #require(admit(clock, tokens: 40).admission)
    clock.advance(by: .seconds(1))
    #expect(admit(clock, tokens: 5).admission != nil)
    // Begun in November: what it did not use is not December's to give back.
    call.finish(tokens: 10, at: clock.now)
    #expect(
      sorted(limiter.takeChanges()) == [
        QuotaUse(month: november, keyID: caller.keyID, requests: 1, tokens: 40),
        QuotaUse(month: november.next, keyID: caller.keyID, requests: 1, tokens: 5),
      ])
  }

  @Test func aRestartGoesOnWhereTheStoreIs() {
    let clock = FakeClock()
    let month = clock.now.wall.month
    limiter.load([
      QuotaUse(month: month, keyID: caller.keyID, requests: 1, tokens: 90),
      QuotaUse(month: month, keyID: caller.keyID, model: "m", requests: 1, tokens: 90),
      QuotaUse(month: month, keyID: caller.keyID, model: "gone", requests: 1, tokens: 90),
    ])
    #expect(admit(clock, tokens: 11).refusal?.limit.name == "month-tokens")
    let decision = admit(clock, model: "m", tokens: 10)
    #expect(decision.readings.map(\.remaining) == [1, 0, 0])
    #expect(admit(clock, model: "m").refusal?.limit.name == "model-month-requests")
    #expect(admit(clock).admission != nil)
    #expect(admit(clock).refusal?.limit.name == "month-requests")
  }

  @Test func theUseOfAnotherMonthDoesNotCount() {
    let clock = FakeClock()
    let past = CalendarMonth(number: clock.now.wall.month.number - 1)
    limiter.load([QuotaUse(month: past, keyID: caller.keyID, requests: 3, tokens: 100)])
    #expect(admit(clock).reading("month-requests")?.remaining == 2)
  }

  private func admit(_ clock: FakeClock, model: String = "", tokens: Int = 0) -> Decision {
    limiter.admit(caller, model: model, tokens: tokens, at: clock.now)
  }

  private func sorted(_ uses: [QuotaUse]) -> [QuotaUse] {
    uses.sorted { ($0.month, $0.model) < ($1.month, $1.model) }
  }
}
