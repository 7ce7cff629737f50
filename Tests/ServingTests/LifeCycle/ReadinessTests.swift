import Synchronization
import Testing

@testable import Batching
@testable import Serving

@Suite struct ReadinessTests {
  private typealias Standing = ModelRegistry.Model.Standing

  private func readiness(
    _ models: [(String, Standing)], _ requirement: Readiness.Requirement = .all,
    engine: EngineHealth = EngineHealth(lane: nil, busy: .zero, waiting: 0, isStopped: false)
  ) -> Readiness {
    Readiness(
      models: { models.map { (name: $0.0, standing: $0.1) } }, requirement: requirement,
      stuckAfter: .seconds(30)
    ) { engine }
  }

  private let ready = Readiness.Verdict(isLive: true, isReady: true, reason: "")

  @Test(arguments: Readiness.Requirement.allCases)
  func waitsUntilEverythingWasTried(_ requirement: Readiness.Requirement) {
    #expect(readiness([], requirement).verdict().reason == "models are loading")
    let half = readiness([("a", .ready), ("b", .loading)], requirement)
    #expect(half.verdict().reason == "model b is loading")
    #expect(half.verdict(for: "a") == ready)
    let whole = readiness([("a", .ready), ("b", .ready)], requirement)
    #expect(whole.verdict().reason == "models are loading")
    whole.finishedLoading()
    #expect(whole.verdict() == ready)
  }

  @Test(arguments: Readiness.Requirement.allCases)
  func noModelIsNotReady(_ requirement: Readiness.Requirement) {
    let readiness = readiness([], requirement)
    readiness.finishedLoading()
    #expect(
      readiness.verdict() == .init(isLive: true, isReady: false, reason: "no model is installed"))
  }

  @Test func oneFailedModelIsEnoughUnlessAnyWillDo() {
    let models: [(String, Standing)] = [("bad", .failed("no weights")), ("good", .ready)]
    let all = readiness(models, .all)
    all.finishedLoading()
    #expect(
      all.verdict()
        == .init(
          isLive: true, isReady: false,
          reason: "no version of model bad could be loaded: no weights"))
    let any = readiness(models, .any)
    any.finishedLoading()
    #expect(any.verdict() == ready)
    #expect(!any.verdict(for: "bad").isReady && any.verdict(for: "good").isReady)
  }

  @Test func anyIsNotNone() {
    let readiness = readiness([("a", .failed("x")), ("b", .failed("y"))], .any)
    readiness.finishedLoading()
    #expect(
      readiness.verdict().reason
        == "2 models could not be loaded: a, b; GetModel and the log say why")
  }

  /// What an operator unloaded is as it should be, and yet answers nobody.
  @Test func anUnloadedModelIsNotReadyAndKeepsNoServerFromBeingSo() {
    let models: [(String, Standing)] = [("good", .ready), ("out", .unloaded)]
    for requirement in Readiness.Requirement.allCases {
      let readiness = readiness(models, requirement)
      readiness.finishedLoading()
      #expect(readiness.verdict() == ready && readiness.verdict(for: "good") == ready)
      #expect(
        readiness.verdict(for: "out")
          == .init(isLive: true, isReady: false, reason: "no version of model out is loaded"))
    }
    let all = readiness([("out", .unloaded)], .all)
    all.finishedLoading()
    #expect(all.verdict() == ready)
  }

  @Test func whatIsUnloadedIsNotAnyThatAnswers() {
    let none = readiness([("a", .unloaded), ("b", .unloaded)], .any)
    none.finishedLoading()
    #expect(
      none.verdict()
        == .init(isLive: true, isReady: false, reason: "no version of any model is loaded"))
    let broken = readiness([("a", .unloaded), ("b", .failed("x"))], .any)
    broken.finishedLoading()
    #expect(broken.verdict().reason == "no version of model b could be loaded: x")
  }

  @Test func aStuckEngineIsNotLiveAndADrainNotReady() {
    let busy = EngineHealth(lane: "a/1", busy: .seconds(31), waiting: 0, isStopped: false)
    let stuck = readiness([("a", .ready)], engine: busy).verdict()
    #expect(!stuck.isLive && !stuck.isReady && stuck.reason.contains("a/1 for 31 s"))
    let draining = readiness([("a", .ready)])
    draining.finishedLoading()
    draining.drain()
    #expect(draining.verdict().isLive && draining.verdict().reason == "the server is shutting down")
  }

  /// Who adds a model, or loads one again, takes none of the others from their callers.
  @Test func whatIsAddedLaterTakesNothingAway() {
    let models = Mutex<[(name: String, standing: Standing)]>([("first", .failed("x"))])
    let readiness = Readiness(
      models: { models.withLock { $0 } }, requirement: .all, stuckAfter: .seconds(30)
    ) { EngineHealth(lane: nil, busy: .zero, waiting: 0, isStopped: false) }
    readiness.finishedLoading()
    #expect(!readiness.verdict().isReady)
    models.withLock { $0 = [("first", .loading)] }
    #expect(readiness.verdict().reason == "model first is loading")
    models.withLock { $0 = [("first", .ready)] }
    #expect(readiness.verdict() == ready)
    for standing in [Standing.loading, .failed("broken"), .unloaded, .ready] {
      models.withLock { $0 = [("first", .ready), ("second", standing)] }
      #expect(readiness.verdict() == ready)
      #expect(readiness.verdict(for: "second").isReady == (standing == .ready))
    }
    models.withLock { $0 = [("first", .loading), ("second", .failed("broken"))] }
    #expect(readiness.verdict() == ready)
    models.withLock { $0 = [("first", .failed("gone bad")), ("second", .ready)] }
    #expect(
      readiness.verdict().reason == "no version of model first could be loaded: gone bad")
    models.withLock { $0 = [("second", .failed("broken"))] }
    #expect(!readiness.verdict().isReady)
  }

  /// A file, a model.yaml or a missing version folder: all make a model that failed.
  @Test func whateverIsWrongAModelHasFailed() {
    let registry = ModelRegistry()
    for (name, versions, problem) in [
      ("files", [1, 2], nil), ("yaml", [1], "bad yaml"), ("empty", [], "no version"),
      ("waiting", [1], nil),
    ] {
      var entry = ModelDirectory.Entry(name: name)
      entry.versions = versions.map { ModelDirectory.Version(number: $0, path: "") }
      entry.problem = problem
      registry.merge(entry)
    }
    registry.set("files", 1, to: .failed("old"))
    #expect(registry.standings[1].standing == .loading)
    registry.set("files", 2, to: .failed("bad weights"))
    #expect(registry.standings.map(\.name) == ["empty", "files", "waiting", "yaml"])
    #expect(
      registry.standings.map(\.standing)
        == [.failed("no version"), .failed("bad weights"), .loading, .failed("bad yaml")])
  }
}
