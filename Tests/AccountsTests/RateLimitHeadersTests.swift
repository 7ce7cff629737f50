import Accounts
import Testing

@Suite struct RateLimitHeadersTests {
  let clock = FakeClock()
  let limiter = MemoryRateLimiter()

  private func fields(
    _ plan: LimitPlan, calls: Int, model: String = "", tokens: Int = 0
  ) -> [String: String] {
    let caller = Caller.test(plan)
    var held: [Decision] = []
    for _ in 0..<calls {
      held.append(limiter.admit(caller, model: model, tokens: tokens, at: clock.now))
    }
    let fields = RateLimitHeaders.fields(of: held[calls - 1])
    return Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.value) })
  }

  @Test func anAdmittedCallReadsWhatIsLeft() {
    let plan = LimitPlan(
      Limits(requests: 100, tokensPerMinute: 5000, concurrent: 8),
      models: ["m": Limits(requests: 10, window: 600)])
    #expect(
      fields(plan, calls: 3, model: "m", tokens: 20) == [
        "ratelimit-policy": "\"requests\";q=100;w=60, \"tokens\";q=5000;w=60, "
          + "\"concurrent\";q=8;qu=\"concurrent-requests\", \"model-requests\";q=10;w=600",
        "ratelimit": "\"requests\";r=97;t=60, \"tokens\";r=4940;t=60, \"concurrent\";r=5, "
          + "\"model-requests\";r=7;t=600",
      ])
  }

  @Test func aRefusedCallReadsWhenToComeBack() {
    clock.advance(by: .milliseconds(500))
    let plan = LimitPlan(Limits(requests: 1, window: 5))
    _ = fields(plan, calls: 1)
    clock.advance(by: .milliseconds(3800))
    let fields = fields(plan, calls: 1)
    #expect(fields["retry-after"] == "2")
    #expect(fields["retry-after-ms"] == "1200")
    #expect(fields["ratelimit"] == "\"requests\";r=0;t=2")
    clock.advance(by: .microseconds(1_199_001))
    #expect(self.fields(plan, calls: 1)["retry-after-ms"] == "1")
  }

  @Test func aHopelessCallIsNotToBeTriedAgain() {
    let fields = fields(LimitPlan(Limits(tokensPerMinute: 5)), calls: 1, tokens: 6)
    #expect(fields["retry-after"] == nil)
    #expect(fields["x-should-retry"] == "false")
    #expect(fields["ratelimit"] == "\"tokens\";r=5")
  }

  @Test func theTextOfThePolicyGoesWithPlanAndMonth() {
    _ = fields(LimitPlan(Limits(requests: 5)), calls: 1)
    #expect(
      fields(LimitPlan(Limits(requests: 7)), calls: 1)["ratelimit-policy"]
        == "\"requests\";q=7;w=60")
    let monthly = LimitPlan(Limits(monthlyRequests: 9))
    let first = fields(monthly, calls: 1)["ratelimit-policy"]
    #expect(fields(monthly, calls: 1)["ratelimit-policy"] == first)
    // Among three months in a row there are two lengths at least.
    let later = (0..<2).map { _ in
      clock.advance(by: .seconds(31 * 86_400))
      return fields(monthly, calls: 1)["ratelimit-policy"]
    }
    #expect(Set(later + [first]).count >= 2)
  }

  @Test func withoutLimitsThereIsNothingToSay() {
    #expect(fields(.unlimited, calls: 1, model: "m", tokens: 3).isEmpty)
  }
}
