import Accounts
import Testing
import Time

@Suite struct MemoryRateLimiterTests {
  let clock = FakeClock()
  let limiter = MemoryRateLimiter()

  private func admit(
    _ caller: Caller, model: String = "m", tokens: Int = 0
  ) -> Decision {
    limiter.admit(caller, model: model, tokens: tokens, at: clock.now)
  }

  @Test func theDefaultIsAHundredPerSixtySeconds() throws {
    let caller = Caller.test(LimitPlan())
    for left in (0..<100).reversed() {
      let reading = try #require(admit(caller).admission?.readings.first)
      #expect(reading.name == "requests" && reading.quota == 100 && reading.window == 60)
      #expect(reading.remaining == left)
      #expect(reading.reset == .seconds(60))
    }
    clock.advance(by: .seconds(59))
    let refusal = try #require(admit(caller).refusal)
    #expect(refusal.limit.name == "requests")
    #expect(refusal.retryAfter == .seconds(1))
    #expect(
      refusal.message
        == "rate limit: 100 requests per 60 s are allowed for this key; try again in 1 s")
    clock.advance(by: .nanoseconds(999_999_999))
    #expect(admit(caller).refusal != nil)
    clock.advance(by: .nanoseconds(1))
    #expect(admit(caller).admission != nil)
  }

  @Test func keysDoNotShareAnything() {
    let one = Caller.test(LimitPlan(Limits(requests: 1)), id: "AAAAAAAA")
    let other = Caller.test(LimitPlan(Limits(requests: 1)), id: "BBBBBBBB")
    #expect(admit(one).admission != nil)
    #expect(admit(one).refusal != nil)
    #expect(admit(other).admission != nil)
  }

  @Test func aRefusedCallCostsNothing() {
    let caller = Caller.test(
      LimitPlan(Limits(requests: 5, tokensPerMinute: 10, concurrent: 9, monthlyTokens: 100)))
    let first = admit(caller, tokens: 6)
    #expect(first.admission != nil)
    for _ in 0..<20 { #expect(admit(caller, tokens: 5).refusal?.limit.name == "tokens") }
    let last = admit(caller, tokens: 4)
    #expect(last.reading("requests")?.remaining == 3)
    #expect(last.reading("concurrent")?.remaining == 7)
    #expect(last.reading("month-tokens")?.remaining == 90)
  }

  @Test func tokensAreCorrectedWhenTheCallEnds() throws {
    let caller = Caller.test(LimitPlan(Limits(tokensPerMinute: 100, monthlyTokens: 1000)))
    let call = try #require(admit(caller, tokens: 60).admission)
    #expect(admit(caller, tokens: 41).refusal != nil)
    call.finish(tokens: 10, at: clock.now)
    call.finish(tokens: 0, at: clock.now)
    let second = try #require(admit(caller, tokens: 20).admission)
    #expect(second.readings.map(\.remaining) == [70, 970])
    // It used more than it said, and more than there is: the next ones wait for it.
    clock.advance(by: .seconds(30))
    second.finish(tokens: 120, at: clock.now)
    clock.advance(by: .seconds(30))
    let refusal = try #require(admit(caller, tokens: 1).refusal)
    #expect(refusal.limit.remaining == 0)
    #expect(refusal.retryAfter == .seconds(30))
    clock.advance(by: .seconds(30))
    #expect(admit(caller, tokens: 1).reading("month-tokens")?.remaining == 869)
  }

  @Test func whatNeverFitsIsToldSo() throws {
    let caller = Caller.test(LimitPlan(Limits(tokensPerMinute: 100)))
    let refusal = try #require(admit(caller, tokens: 101).refusal)
    #expect(refusal.retryAfter == nil)
    #expect(refusal.message.contains("more than the 100 tokens per 60 s"))
    let closed = Caller.test(LimitPlan(Limits(requests: 0, concurrent: 0)), id: "BBBBBBBB")
    #expect(admit(closed).refusal?.retryAfter == nil)
  }

  @Test func numbersBeyondReasonAreCut() throws {
    let caller = Caller.test(LimitPlan(Limits(tokensPerMinute: 100, monthlyTokens: 100)))
    #expect(admit(caller, tokens: .max).refusal?.retryAfter == nil)
    let free = Caller.test(.unlimited, id: "BBBBBBBB")
    for _ in 0..<10 {
      try #require(admit(free, tokens: .max).admission).finish(tokens: .max, at: clock.now)
    }
    try #require(admit(caller, tokens: .min).admission).finish(tokens: .min, at: clock.now)
    #expect(admit(caller, tokens: 100).admission != nil)
  }

  @Test func aPlaceIsGivenBackOnceHoweverACallEnds() throws {
    let caller = Caller.test(LimitPlan(Limits(concurrent: 2)))
    var first = admit(caller).admission
    let second = try #require(admit(caller).admission)
    let refusal = try #require(admit(caller).refusal)
    #expect(refusal.limit.name == "concurrent" && refusal.retryAfter == .seconds(1))
    second.finish(tokens: nil, at: clock.now)
    second.finish(tokens: nil, at: clock.now)
    let third = try #require(admit(caller).admission)
    #expect(admit(caller).refusal != nil)
    #expect(first != nil)
    first = nil
    let fourth = try #require(admit(caller).admission)
    #expect(admit(caller).refusal != nil)
    third.finish(tokens: 1, at: clock.now)
    fourth.finish(tokens: 1, at: clock.now)
    #expect(admit(caller).reading("concurrent")?.remaining == 1)
  }

  @Test func callsOfNoModelTakeNoPlaceAndCountAsRequests() throws {
    let caller = Caller.test(LimitPlan(Limits(requests: 3, concurrent: 1)))
    let work = try #require(admit(caller).admission)
    let poll = try #require(admit(caller, model: "").admission)
    #expect(poll.readings.first { $0.name == "concurrent" }?.remaining == 0)
    poll.finish(tokens: 0, at: clock.now)
    // Its end gave back nothing that the work holds.
    #expect(admit(caller).refusal?.limit.name == "concurrent")
    #expect(admit(caller, model: "").admission != nil)
    // What refuses it is what counts for it.
    #expect(admit(caller, model: "").refusal?.limit.name == "requests")
    work.finish(tokens: 0, at: clock.now)
  }

  @Test func ofSeveralLimitsTheLongestWaitIsNamed() throws {
    let caller = Caller.test(
      LimitPlan(Limits(requests: 1, window: 10, tokensPerMinute: 5, concurrent: 1)))
    let call = try #require(admit(caller, tokens: 5).admission)
    let refusal = try #require(admit(caller, tokens: 5).refusal)
    #expect(refusal.limit.name == "tokens")
    #expect(refusal.retryAfter == .seconds(60))
    #expect(refusal.readings.map(\.name) == ["requests", "tokens", "concurrent"])
    call.finish(tokens: nil, at: clock.now)
  }

  @Test func aModelHasItsOwnLimitsBesideTheKeys() throws {
    let caller = Caller.test(
      LimitPlan(
        Limits(requests: 4), models: ["large": Limits(requests: 1), "*": Limits(requests: 2)]))
    #expect(admit(caller, model: "large").admission != nil)
    let refusal = try #require(admit(caller, model: "large").refusal)
    #expect(refusal.limit.name == "model-requests")
    #expect(refusal.message.contains("for this model with this key"))
    // The refused one did not count for the key either.
    #expect(admit(caller, model: "a").reading("requests")?.remaining == 2)
    #expect(admit(caller, model: "b").reading("model-requests")?.remaining == 1)
    #expect(admit(caller, model: "b").reading("model-requests")?.remaining == 0)
    #expect(admit(caller, model: "c").refusal?.limit.name == "requests")
    // A call that concerns no model is under no model's limit.
    #expect(admit(caller, model: "").readings.count == 1)
  }

  @Test func aStandInIsChargedBesideAndTheKeyOnce() throws {
    let caller = Caller.test(
      LimitPlan(
        Limits(requests: 9, tokensPerMinute: 100, concurrent: 1, monthlyRequests: 9),
        models: ["a": Limits(tokensPerMinute: 100), "b": Limits(requests: 2, concurrent: 1)]))
    let call = try #require(admit(caller, model: "a", tokens: 60).admission)
    let standIn = limiter.admit(caller, standIn: "b", tokens: 60, at: clock.now)
    #expect(standIn.readings.map(\.name) == ["model-requests", "model-concurrent"])
    #expect(standIn.readings.map(\.remaining) == [1, 0])
    let refused = limiter.admit(caller, standIn: "b", tokens: 60, at: clock.now).refusal
    #expect(refused?.limit.name == "model-concurrent")
    // A model without limits of its own has room for anything.
    #expect(limiter.admit(caller, standIn: "c", tokens: 60, at: clock.now).readings.isEmpty)
    #expect(admit(caller, model: "a").refusal?.limit.name == "concurrent", "the call goes on")
    standIn.admission?.finish(tokens: 20, at: clock.now)
    call.finishByStandIn(tokens: 20, at: clock.now)
    call.finish(tokens: 90, at: clock.now)
    let next = admit(caller, model: "a")
    #expect(
      next.readings.map(\.name)
        == ["requests", "tokens", "concurrent", "month-requests", "model-tokens"])
    #expect(next.readings.map(\.remaining) == [7, 80, 0, 7, 100])
  }

  @Test func modelsBeyondTheBoundShareOneCount() {
    let caller = Caller.test(LimitPlan(.unlimited, models: ["*": Limits(requests: 1)]))
    for number in 0..<256 { #expect(admit(caller, model: "m\(number)").admission != nil) }
    #expect(admit(caller, model: "n1").admission != nil)
    #expect(admit(caller, model: "n2").refusal != nil)
    #expect(admit(caller, model: "m0").refusal != nil)
    // The windows have passed and the calls are over: there is room for new names.
    clock.advance(by: .seconds(60))
    #expect(admit(caller, model: "n2").admission != nil)
    #expect(admit(caller, model: "n3").admission != nil)
  }

  @Test func changedLimitsKeepWhatWasUsed() throws {
    let before = Caller.test(LimitPlan(Limits(requests: 10), models: ["m": Limits(requests: 5)]))
    for _ in 0..<4 { #expect(admit(before, model: "m").admission != nil) }
    let after = Caller.test(LimitPlan(Limits(requests: 5), models: ["m": Limits(requests: 9)]))
    let decision = admit(after, model: "m")
    #expect(decision.reading("requests")?.remaining == 0)
    #expect(decision.reading("model-requests")?.remaining == 4)
    #expect(admit(after, model: "m").refusal?.limit.name == "requests")
    let free = Caller.test(LimitPlan(.unlimited))
    #expect(admit(free, model: "m").readings.isEmpty)
  }

  @Test func timesOutOfOrderOpenNoWindow() throws {
    let caller = Caller.test(LimitPlan(Limits(requests: 1)))
    let call = try #require(admit(caller).admission)
    clock.advance(by: .seconds(30))
    let early = clock.now
    clock.advance(by: .seconds(70))
    call.finish(tokens: nil, at: clock.now)
    // This one took its time of day long before it came: it counts from when it came.
    #expect(limiter.admit(caller, model: "", tokens: 0, at: early).admission != nil)
    #expect(admit(caller).refusal?.retryAfter == .seconds(60))
  }

  /// Thousands of keys come and go: those at rest are put away and lose nothing that counts.
  @Test func restingKeysKeepTheirMonth() {
    let plan = LimitPlan(
      Limits(requests: 1, monthlyRequests: 2), models: ["m": Limits(monthlyRequests: 2)])
    let callers = (0..<6000).map { Caller.test(plan, id: "K\(1_000_000 + $0)") }
    for turn in 0..<3 {
      for caller in callers {
        let decision = admit(caller, model: "m")
        #expect((decision.admission != nil) == (turn < 2))
        decision.admission?.finish(tokens: nil, at: clock.now)
      }
      _ = limiter.takeChanges()
      clock.advance(by: .seconds(60))
      for number in 0..<6000 {
        _ = admit(Caller.test(plan, id: "X\(1_000_000 + number + turn * 6000)"))
      }
      clock.advance(by: .seconds(60))
    }
    // 24,000 have called, and the last 6,000 may still be awake.
    #expect(limiter.activeKeys < 15_000)
  }
}
