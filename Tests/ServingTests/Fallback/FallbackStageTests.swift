import Accounts
import Messages
import Metrics
import TestSupport
import Testing

@testable import Serving

@Suite struct FallbackStageTests {
  /// A call of a model that cannot answer, which `m` and then a text stand in for.
  private func answer(
    _ attempt: @escaping @Sendable (ServedModel) async throws -> Int
  ) async throws -> FallbackStage.Outcome<Int> {
    let toy = try ToyKeeper([1: .here])
    await offThread { _ = toy.begin() }
    let metrics = Metrics.Registry()
    let stage = FallbackStage(
      limits: LimitStage(limiter: MemoryRateLimiter()), registry: toy.registry,
      deprecations: Deprecations(metrics: metrics), metrics: BreakerMetrics(metrics))
    let route = ModelRoute(
      name: "broken", version: 1, target: .failure(Status(.unavailable, "broken")),
      fallback: [.model("m"), .fixed(.text("later"))], fallsBackWhenFull: false, previous: nil)
    return try await stage.answer(
      route, CallContext(path: "/p"), nil, tokens: 0, attempt: attempt)
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
}
