import Accounts
import TestSupport
import Testing
import Time

/// Keeps every charge that there ever was, and counts them anew for each question.
private struct NaiveLimiter {
  struct Charge {
    var model: String
    var time: UInt64
    var month: CalendarMonth
    /// What it used beyond its estimate, and when that was known.
    var tokens: Int
    var isRunning = true
    /// Not a request, only tokens that were used beyond an estimate.
    var isCorrection = false
  }

  let plan: LimitPlan
  var charges: [Charge] = []

  func admits(model: String, tokens: Int, at now: Moment) -> Bool {
    fits(plan.whole, charges, model, tokens, now)
      && (plan.models[model].map { limits in
        fits(limits, charges.filter { $0.model == model }, model, tokens, now)
      } ?? true)
  }

  private func fits(
    _ limits: Limits, _ charges: [Charge], _ model: String, _ tokens: Int, _ now: Moment
  ) -> Bool {
    let requests = charges.filter { !$0.isCorrection }
    func inWindow(_ charge: Charge, _ seconds: Int) -> Bool {
      charge.time + UInt64(seconds) * 1_000_000_000 > now.monotonic
    }
    let inMinute = charges.filter { inWindow($0, 60) }.reduce(0) { $0 + $1.tokens }
    let inMonth = charges.filter { $0.month == now.wall.month }
    return requests.filter { inWindow($0, limits.window) }.count + 1 <= limits.requests ?? .max
      && inMinute + tokens <= limits.tokensPerMinute ?? .max
      && (model.isEmpty
        || requests.filter { $0.isRunning && !$0.model.isEmpty }.count < limits.concurrent ?? .max)
      && inMonth.filter { !$0.isCorrection }.count + 1 <= limits.monthlyRequests ?? .max
      && inMonth.reduce(0) { $0 + $1.tokens } + tokens <= limits.monthlyTokens ?? .max
  }

  /// Takes back what a charge did not use, or adds what it used beyond; returns nothing to compare.
  mutating func finish(_ place: Int, tokens: Int, at now: Moment) {
    charges[place].isRunning = false
    let change = tokens - charges[place].tokens
    if change <= 0 {
      charges[place].tokens = tokens
    } else {
      charges.append(
        Charge(
          model: charges[place].model, time: now.monotonic, month: now.wall.month,
          tokens: change, isRunning: false, isCorrection: true))
    }
  }
}

@Suite struct RateLimiterPropertyTests {
  /// Random limits, calls, ends of calls and times: the limiter decides each time as the naive one.
  @Test(arguments: 0..<60)
  func decidesAsTheNaiveLimiter(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let plan = LimitPlan(
      randomLimits(&random), models: ["a": randomLimits(&random), "b": randomLimits(&random)])
    let caller = Caller.test(plan)
    // Two days before the end of a month.
    let clock = FakeClock(wall: UnixTime(seconds: 1_795_996_800 - 2 * 86_400))
    let limiter = MemoryRateLimiter()
    var naive = NaiveLimiter(plan: plan)
    var running: [(admission: Admission, place: Int, tokens: Int)] = []
    var admitted = 0
    for step in 0..<250 {
      if step == 200 { clock.advance(by: .seconds(2 * 86_400)) }
      clock.advance(by: .milliseconds(Int.random(in: 0...8, using: &random) * 500))
      if Int.random(in: 0..<3, using: &random) == 0, !running.isEmpty {
        let call = running.remove(at: Int.random(in: running.indices, using: &random))
        let used = Int.random(in: 0...30, using: &random)
        call.admission.finish(tokens: used, at: clock.now)
        naive.finish(call.place, tokens: used, at: clock.now)
        continue
      }
      let model = ["", "a", "b", "c"].randomElement(using: &random) ?? ""
      let tokens = Int.random(in: 0...20, using: &random)
      let now = clock.now
      let decision = limiter.admit(caller, model: model, tokens: tokens, at: now)
      let expected = naive.admits(model: model, tokens: tokens, at: now)
      #expect((decision.admission != nil) == expected, "step \(step)")
      if let admission = decision.admission {
        admitted += 1
        running.append((admission, naive.charges.count, tokens))
        naive.charges.append(
          .init(model: model, time: now.monotonic, month: now.wall.month, tokens: tokens))
      } else if let wait = decision.refusal?.retryAfter, decision.refusal?.limit.kind != .concurrent
      {
        // A moment earlier it would be refused still, and for the same reason.
        let before = Moment(
          monotonic: now.monotonic + UInt64(wait / .nanoseconds(1)) - 1,
          wall: now.wall.advanced(by: wait - .microseconds(1)))
        #expect(!naive.admits(model: model, tokens: tokens, at: before), "step \(step)")
      }
    }
    #expect(admitted > 10)
  }

  private func randomLimits(_ random: inout SeededGenerator) -> Limits {
    func maybe(_ range: ClosedRange<Int>) -> Int? {
      Bool.random(using: &random) ? Int.random(in: range, using: &random) : nil
    }
    return Limits(
      requests: maybe(3...30), window: Int.random(in: 1...120, using: &random),
      tokensPerMinute: maybe(40...300), concurrent: maybe(2...20),
      monthlyRequests: maybe(60...150), monthlyTokens: maybe(600...1500))
  }
}
