import TestSupport
import Testing

@testable import Serving

@Suite struct VersionPlanTests {
  typealias Candidate = VersionPlan.Candidate

  /// The next step where versions stand as the text says, oldest first: `u`nloaded, `l`oading,
  /// `r`eady, `f`ailed, `g`oing; in a bucket, `e`lsewhere, `c`oming, `h`eld up.
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
      let files: VersionPlan.Files =
        switch letter {
        case "e": .elsewhere
        case "c": .coming
        case "h": .heldUp
        default: .here
        }
      return Candidate(number: index + 1, phase: phase, files: files)
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
    #expect(next("ur") { $0[1].isHeldOut = true } == .load(1))
    #expect(next("lr") { $0[1].isHeldOut = true } == nil)
    #expect(next("rr") { $0[1].isHeldOut = true } == .unload(2))
    #expect(next("r") { $0[0].isHeldOut = true } == .unload(1))
  }

  @Test func theNewestIsFetchedAndTheNewestAtHandAnswersMeanwhile() {
    #expect(next("eee") == .fetch(3))
    #expect(next("eec") == nil)
    #expect(next("euc") == .load(2))
    #expect(next("uuc") == .load(2))
    #expect(next("erc") == nil)
    #expect(next("erh") == nil)
    #expect(next("eru") == .load(3))
    #expect(next("err") == .unload(2))
  }

  @Test func whatCannotBeFetchedMakesWayAndWhatOnlyWaitsDoesNot() {
    #expect(next("eef") == .fetch(2))
    #expect(next("eeh") == nil)
    #expect(next("eec", keep: 2) == .fetch(2))
    #expect(next("cre", keep: 2) == .fetch(3))
    #expect(next("eer") { $0[0].isAskedFor = true } == .fetch(1))
  }

  @Test func nothingGoesBeforeItsSuccessorHasCome() {
    #expect(next("er") { $0[1].isAbsent = true } == .fetch(1))
    #expect(next("cr") { $0[1].isAbsent = true } == nil)
    #expect(next("hr") { $0[1].isAbsent = true } == nil)
    #expect(next("ur") { $0[1].isAbsent = true } == .load(1))
    #expect(next("rr") { $0[1].isAbsent = true } == .unload(2))
    // Who wants it out gets it out, even where nothing follows.
    #expect(next("cr") { $0[1].isHeldOut = true } == nil)
    #expect(next("hr") { $0[1].isHeldOut = true } == .unload(2))
    #expect(next("r") { $0[0].isHeldOut = true } == .unload(1))
  }

  /// From any state and whatever loads come out as, the steps end, and some version answers all the
  /// while once one has.
  @Test func stepsEnd() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<2000 {
      let phases = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        ["u", "r", "f", "e"].randomElement(using: &random) ?? "u"
      }
      let keep = Int.random(in: 1...3, using: &random)
      var versions = Self.versions(phases.joined())
      var steps = 0
      while let step = VersionPlan.next(versions, keep: keep) {
        let hasAnswered = versions.contains { $0.phase == .ready }
        switch step {
        case .fetch(let number):
          versions[number - 1].files = Bool.random(using: &random) ? .here : .heldUp
        case .load(let number):
          versions[number - 1].phase = Bool.random(using: &random) ? .ready : .failed
        case .unload(let number): versions[number - 1].phase = .unloaded
        }
        #expect(!hasAnswered || versions.contains { $0.phase == .ready })
        steps += 1
        guard steps <= 18 else {
          Issue.record("\(phases) takes no end")
          return
        }
      }
    }
  }
}
