import Accounts
import Messages
import Metrics
import TestSupport
import Testing
import Time

@testable import Serving

@Suite struct FallbackStageTests {
  /// A call of a model that cannot answer, which `m` and then a text stand in for.
  private func answer(
    _ attempt: @escaping @Sendable (ServedModel) async throws -> Int
  ) async throws -> FallbackStage.Outcome<Int> {
    let toy = try ToyKeeper([1: .here])
    await offThread { _ = toy.begin() }
    let stage = stage(toy, LimitStage(limiter: MemoryRateLimiter()))
    let route = ModelRoute(
      name: "broken", version: 1, target: .failure(Status(.unavailable, "broken")),
      fallback: [.model("m"), .fixed(.text("later"))], fallsBackWhenFull: false, previous: nil)
    return try await stage.answer(
      route, CallContext(path: "/p"), nil, tokens: 0, attempt: attempt)
  }

  private func stage(_ toy: ToyKeeper, _ limits: LimitStage) -> FallbackStage {
    let metrics = Metrics.Registry()
    return FallbackStage(
      limits: limits, registry: toy.registry, deprecations: Deprecations(metrics: metrics),
      metrics: BreakerMetrics(metrics))
  }

  @Test func theNextStepHasItsTurnWhenOneFails() async throws {
    let outcome = try await answer { _ in throw Status(.resourceExhausted, "full") }
    guard case .written(.text("later"), let fallback) = outcome else {
      Issue.record("not the text")
      return
    }
    #expect(fallback.kind == .staticAnswer && fallback.reason == "broken")
  }

  /// Whoever asked has no more time, whatever else was wrong before.
  @Test func aDeadlineThatPassesMeanwhileIsTheAnswer() async throws {
    let late = Status(.deadlineExceeded, "too late")
    do {
      _ = try await answer { _ in throw late }
      Issue.record("an answer")
    } catch let status as Status {
      #expect(status.code == .deadlineExceeded && status.message == "too late")
    }
  }

  /// Also where the model that was asked for does so after all, in an earlier version and behind
  /// another model that failed.
  @Test(arguments: [true, false])
  func theModelThatAnswersIsChargedAlone(otherFails: Bool) async throws {
    let toy = try ToyKeeper([1: .here])
    await offThread { _ = toy.begin() }
    let model = try toy.registry.resolve("m", version: "")
    let previous = ServedModel(
      name: "a", version: 1, facts: model.facts, runner: model.runner, cache: nil,
      breaker: model.breaker, metrics: model.metrics)
    let route = ModelRoute(
      name: "a", version: 2, target: .failure(Status(.unavailable, "broken")),
      fallback: [.model("m"), .previous], fallsBackWhenFull: false, previous: previous)
    let own = Limits(tokensPerMinute: 100, concurrent: 1)
    let caller = Caller(
      keyID: .anonymous, owner: "", isAdmin: false, models: .all,
      limits: LimitPlan(.unlimited, models: ["a": own, "m": own]))
    let now = Moment(monotonic: 1_000, wall: UnixTime(seconds: 1_800_000_000))
    let (limiter, context) = (MemoryRateLimiter(), CallContext(path: "/p"))
    let limits = LimitStage(limiter: limiter) { now }
    let record = CallRecord(caller: caller, time: now.wall)
    try await limits.admit(record, context, model: "a", tokens: 60)
    let outcome = try await stage(toy, limits).answer(route, context, record, tokens: 60) { model in
      if otherFails && model.name == "m" { throw Status(.unavailable, "broken too") }
      return model.name
    }
    guard case .answered(let name, _, _) = outcome else {
      Issue.record("a text")
      return
    }
    #expect(name == (otherFails ? "a" : "m"))
    /// What is left of a model's tokens and places; nil where nobody else has room now.
    func left(_ model: String) -> [Int]? {
      let decision = limiter.admit(caller, model: model, tokens: 0, at: now)
      guard case .admitted(let admission) = decision else { return nil }
      admission.finish(tokens: 0, at: now)
      return decision.readings.map(\.remaining)
    }
    #expect(left("a") == nil, "the call keeps its place")
    #expect(left("m") == (otherFails ? [100, 0] : nil))
    record.release(tokens: 40, at: now)
    #expect(left("a") == [otherFails ? 60 : 100, 0])
    #expect(left("m") == [otherFails ? 100 : 60, 0])
  }
}
