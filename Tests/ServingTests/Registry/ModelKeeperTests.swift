import Accounts
import Messages
import Synchronization
import TestSupport
import Testing

@testable import Serving

@Suite struct ModelKeeperTests {
  private func label(_ name: String, _ version: Int, _ share: Double = 0) -> ModelKeeper.Order {
    .label("m", label: name, version: version, share: share)
  }

  @Test func aLabelsCallsAreNeverAnotherLabels() async throws {
    let toy = try ToyKeeper([1: .here, 2: .here, 3: .here])
    let drawn = await offThread {
      var shift = toy.begin()
      _ = shift.carryOut(label("l0", 1, 0.05))
      for number in 1..<20 { _ = shift.carryOut(label("l\(number)", 2, 0.05)) }
      toy.registry.set("m", 1, to: .failed("spoilt"))
      return (0..<20).map { draw in
        toy.model.flatMap { try? ModelRegistry.drawn((Double(draw) + 0.5) / 20, of: $0) }?.version
      }
    }
    #expect(drawn.count { $0 == 2 } == 19 && drawn.count { $0 == 3 } == 1)
  }

  /// It stays as it was loaded, and nobody is to wonder why.
  @Test func whoeverChangesALoadedVersionIsTold() async throws {
    let toy = try ToyKeeper([1: .here])
    let told = await offThread {
      var shift = toy.begin()
      func count() -> Int {
        shift.look()
        return toy.registry.history(of: "m").events.count { $0.kind == .filesChanged }
      }
      let stamps = ["", "labels.txt", "labels.txt", "longer", "", "labels.txt"]
      return stamps.map { stamp in
        toy.source.stamp.withLock { $0 = stamp }
        return count()
      }
    }
    #expect(told == [0, 1, 1, 2, 2, 3])
    let event = toy.registry.history(of: "m").events.first
    #expect(event?.version == 1 && event?.detail.contains("a folder with a new number") == true)
  }

  /// Of what counts for versions that are loaded from here on; the rest is taken over at once.
  @Test func whoeverChangesTheSettingsOfALoadedVersionIsTold() async throws {
    let toy = try ToyKeeper([1: .here])
    let told = await offThread {
      var shift = toy.begin()
      let texts = [
        "description: new", "queue_limit: 500", "queue_limit: 500, description: newer",
        "queue_limit: 600", "description: newest", "queue_limit: 600",
      ]
      return texts.map { text in
        shift.override(ToyKeeper.overrides("models: {m: {\(text)}}"))
        shift.look()
        return toy.registry.history(of: "m").events.count { $0.kind == .filesChanged }
      }
    }
    #expect(told == [0, 1, 1, 2, 2, 3])
    let event = toy.registry.history(of: "m").events.first
    #expect(event?.version == 1 && event?.detail.hasPrefix("queue_limit; ") == true)
  }

  @Test func settingsThatKeptAVersionOutAreTriedAgainWhenTheyChange() async throws {
    let toy = try ToyKeeper([1: .here])
    let ready = await offThread {
      var shift = toy.begin(
        ToyKeeper.overrides("models: {m: {fallback: [static: {label: neutral}]}}"))
      return ["", "fallback: [static: {values: [7]}]"].map { text in
        if !text.isEmpty { shift.override(ToyKeeper.overrides("models: {m: {\(text)}}")) }
        shift.look()
        return toy.ready
      }
    }
    #expect(ready == [[], [1]])
  }

  /// What apus.yaml has loaded for its labels is not what somebody asked for.
  @Test func versionsOfTheFilesLabelsGoWithThem() async throws {
    let first = try ToyKeeper([1: .here, 2: .here, 3: .here])
    let (one, kept) = await offThread {
      var shift = first.begin(
        ToyKeeper.overrides("models: {m: {keep_versions: 3, labels: {a: 1, b: 2}}}"))
      shift.override(ToyKeeper.overrides("models: {m: {keep_versions: 3, labels: {a: 2, b: 1}}}"))
      return (first.ready, first.keeper.memory.recall()["m"] ?? ModelWishes())
    }
    #expect(one == [1, 2, 3] && kept.isEmpty)
    let second = try ToyKeeper([1: .here, 2: .here, 3: .here], in: first.folder)
    let two = await offThread {
      _ = second.begin(ToyKeeper.overrides("models: {m: {labels: {a: 2}}}"))
      return second.ready
    }
    #expect(two == [2, 3])
    #expect(second.model?.held == VersionHolds())
  }

  /// A label, and a way back, that come to nothing take nothing back that was ordered meanwhile.
  @Test(arguments: [true, false]) func whatIsOrderedMeanwhileStays(isLabel: Bool) async throws {
    let toy = try ToyKeeper([1: .elsewhere, 2: .here])
    let problems = await offThread {
      var shift = toy.begin()
      let first = shift.carryOut(isLabel ? label("old", 1) : .rollBack("m"))
      let second = shift.carryOut(.load("m", version: "1"))
      let waited = first.problem == nil && second.problem == nil
      toy.source.set(1, .coming("nobody there"))
      shift.look()
      return waited ? [first.problem, second.problem] : []
    }
    #expect(problems.count == 2 && problems.allSatisfy { $0?.contains("nobody there") == true })
    #expect(toy.model?.wishes.pinned == [1] && toy.model?.held == VersionHolds())
  }

  @Test func whatIsOutComesBackWithItsLabelAndNotBefore() async throws {
    let toy = try ToyKeeper([1: .here, 2: .elsewhere])
    let (out, back) = await offThread {
      var shift = toy.begin()
      toy.source.set(2, .here)
      shift.look()
      shift.settleAll()
      _ = shift.carryOut(.rollBack("m"))
      toy.source.set(2, .elsewhere)
      shift.look()
      shift.settleAll()
      let failed = shift.carryOut(label("new", 2))
      toy.source.set(2, .broken("cut short"))
      shift.look()
      let out = (failed.problem, toy.model?.wishes.heldOut)
      toy.source.set(2, .here)
      shift.look()
      _ = shift.carryOut(label("new", 2))
      return (out, toy.model?.wishes)
    }
    #expect(out.0?.contains("cut short") == true && out.1 == [2])
    #expect(back?.heldOut == [] && back?.labels["new"]?.version == 2)
  }

  @Test func labelsAreForgottenWithTheirVersions() async throws {
    let toy = try ToyKeeper([1: .here, 2: .here, 3: .here])
    let kept = await offThread {
      var shift = toy.begin()
      _ = shift.carryOut(label("old", 1, 0.5))
      _ = shift.carryOut(label("new", 2, 0.5))
      toy.source.set(1, nil)
      shift.look()
      return toy.keeper.memory.recall()["m"]?.labels.keys.sorted()
    }
    #expect(toy.model?.labels.keys.sorted() == ["new"] && kept == ["new"])
    #expect(toy.registry.history(of: "m").events.first?.detail == "old taken away")
  }

  @Test func theFilesLabelsAreSetAgainWhenTheirVersionsAreBack() async throws {
    let toy = try ToyKeeper([1: .here, 2: .here])
    let labels = await offThread {
      var shift = toy.begin(ToyKeeper.overrides("models: {m: {labels: {old: 1}}}"))
      toy.source.set(1, nil)
      shift.look()
      shift.settleAll()
      let without = toy.model?.labels.keys.sorted()
      shift.look()
      toy.source.set(1, .here)
      shift.look()
      return [without, toy.model?.labels.keys.sorted()]
    }
    #expect(labels == [[], ["old"]])
  }

  @Test func whatHasGoneIsNotLabelledThoughItAnswers() async throws {
    let toy = try ToyKeeper([1: .here, 2: .elsewhere])
    let problem = await offThread {
      var shift = toy.begin(ToyKeeper.overrides("models: {m: {labels: {old: 1}}}"))
      toy.source.set(1, nil)
      shift.look()
      return shift.carryOut(label("mine", 1)).problem
    }
    #expect(toy.ready == [1] && toy.model?.labels == [:])
    #expect(problem == "version 1 of model m has gone")
  }

  @Test func labelsThatWaitedTogetherTakeNoMoreThanAllCalls() async throws {
    let toy = try ToyKeeper([1: .elsewhere, 2: .elsewhere, 3: .here])
    let problems = await offThread {
      var shift = toy.begin()
      let first = shift.carryOut(label("a", 1, 0.7))
      let second = shift.carryOut(label("b", 2, 0.7))
      let waited = first.problem == nil && second.problem == nil
      toy.source.set(1, .here)
      toy.source.set(2, .here)
      shift.look()
      return waited ? [first.problem, second.problem] : []
    }
    #expect(problems.count == 2 && problems.first == "")
    #expect(problems.last??.contains("the other labels of m take 0.7 of the calls") == true)
    #expect(toy.model?.labels.keys.sorted() == ["a"] && toy.model?.held == VersionHolds())
  }

  @Test func noMoreLabelsThanTheBoundAreSet() async throws {
    let toy = try ToyKeeper([1: .here])
    let problems = await offThread {
      var shift = toy.begin()
      return (0...ModelRegistry.Label.bound).map { shift.carryOut(label("l\($0)", 1)).problem }
    }
    #expect(problems.dropLast().allSatisfy { $0 == "" })
    #expect(problems.last??.contains("m has 32 labels already") == true)
  }

  @Test func failuresAreForgottenWithTheirFiles() async throws {
    let toy = try ToyKeeper([1: .here, 2: .here])
    try toy.folder.write("m/2/head.safetensors", "no weights")
    let failures = await offThread {
      var shift = toy.begin()
      let before = shift.failures.keys.sorted()
      toy.source.set(2, nil)
      shift.look()
      return [before, shift.failures.keys.sorted()]
    }
    #expect(failures == [[toy.folder.file("m/2")], []])
  }
}
