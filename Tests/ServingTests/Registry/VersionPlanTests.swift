import TestSupport
import Testing

@testable import Serving

@Suite struct VersionPlanTests {
  typealias Candidate = VersionPlan.Candidate

  /// The next step where versions stand as the text says, oldest first: `u`nloaded, `l`oading,
  /// `r`eady, `f`ailed, `g`oing.
  private func next(
    _ phases: String, keep: Int = 1, _ change: (inout [Candidate]) -> Void = { _ in }
  ) -> VersionPlan.Step? {
    var versions = Self.versions(phases)
    change(&versions)
    return VersionPlan.next(versions, keep: keep)
  }

  private static func versions(_ phases: String) -> [Candidate] {
    phases.enumerated().map { index, letter in
      let phase: ModelRegistry.State.Phase =
        switch letter {
        case "l": .loading
        case "r": .ready
        case "f": .failed
        case "g": .unloading
        default: .unloaded
        }
      return Candidate(number: index + 1, phase: phase)
    }
  }

  @Test func theNewestIsLoadedAndTheOldGoesAfterIt() {
    #expect(next("uu") == .load(2))
    #expect(next("ru") == .load(2))
    #expect(next("rl") == nil)
    #expect(next("rr") == .unload(1))
    #expect(next("ur") == nil)
    #expect(next("gr") == nil)
  }

  @Test func aFailedVersionMakesWayForAnOlderOne() {
    #expect(next("uf") == .load(1))
    #expect(next("rf") == nil)
    #expect(next("ff") == nil)
  }

  @Test func asManyAreKeptAsSettingsSay() {
    #expect(next("uuu", keep: 2) == .load(3))
    #expect(next("uur", keep: 2) == .load(2))
    #expect(next("urr", keep: 2) == nil)
    #expect(next("rrr", keep: 2) == .unload(1))
  }

  @Test func whatSomebodyAskedForStays() {
    #expect(next("ur") { $0[0].isAskedFor = true } == .load(1))
    #expect(next("rr") { $0[0].isAskedFor = true } == nil)
    #expect(next("fr") { $0[0].isAskedFor = true } == nil)
  }

  @Test func whatIsToGoGoesAfterItsSuccessor() {
    #expect(next("ur") { $0[1].isToGo = true } == .load(1))
    #expect(next("lr") { $0[1].isToGo = true } == nil)
    #expect(next("rr") { $0[1].isToGo = true } == .unload(2))
    #expect(next("r") { $0[0].isToGo = true } == .unload(1))
  }

  /// From any state and whatever loads come out as, the steps end, and some version answers all the
  /// while once one has.
  @Test func stepsEnd() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<2000 {
      let phases = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        ["u", "r", "f"].randomElement(using: &random) ?? "u"
      }
      let keep = Int.random(in: 1...3, using: &random)
      var versions = Self.versions(phases.joined())
      var steps = 0
      while let step = VersionPlan.next(versions, keep: keep) {
        let hasAnswered = versions.contains { $0.phase == .ready }
        switch step {
        case .load(let number):
          versions[number - 1].phase = Bool.random(using: &random) ? .ready : .failed
        case .unload(let number): versions[number - 1].phase = .unloaded
        }
        #expect(!hasAnswered || versions.contains { $0.phase == .ready })
        steps += 1
        guard steps <= 12 else {
          Issue.record("\(phases) takes no end")
          return
        }
      }
    }
  }
}
