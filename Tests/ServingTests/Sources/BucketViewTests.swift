import Testing

@testable import ObjectStore
@testable import Serving

@Suite struct BucketViewTests {
  private let start = ContinuousClock.now
  private static let unreachable = ObjectStoreError(.unreachable, "nobody there")
  private static let damaged = ObjectStoreError(.damaged, "cut short")

  private static func version(_ number: Int, tag: String = "a", size: Int = 10) -> SourcedVersion {
    SourcedVersion(
      model: "m", number: number,
      files: [SourcedFile(path: "f", object: StoredObject(key: "k", size: size, tag: tag))])
  }

  private static func cached(_ number: Int, tag: String = "a", size: Int = 10) -> CachedVersion {
    let version = version(number, tag: tag, size: size)
    return CachedVersion(
      model: "m", number: number, size: size, fingerprint: version.fingerprint, used: number)
  }

  private static func listing(_ versions: SourcedVersion...) -> SourceListing {
    var listing = SourceListing()
    listing.versions = versions
    return listing
  }

  /// What the keeper sees: numbers with where their files are.
  private func seen(_ view: BucketView) -> [Int: ModelDirectory.Presence] {
    let directory = view.directory(
      path: { "\($0)/\($1)" }, settings: { _ in ModelSettings() })
    let versions = directory.entries.flatMap(\.versions)
    return Dictionary(uniqueKeysWithValues: versions.map { ($0.number, $0.presence) })
  }

  private func settled(_ view: BucketView) -> [Int] {
    view.directory(path: { "\($0)/\($1)" }, settings: { _ in ModelSettings() })
      .entries.flatMap(\.versions).filter(\.isSettled).map(\.number)
  }

  private func next(
    _ view: inout BucketView, after: Duration = .zero, inUse: Set<Int> = [1, 2, 3, 4]
  ) -> BucketView.Step {
    view.next(isInUse: { inUse.contains($1) }, now: start + after)
  }

  private func take(_ view: inout BucketView, _ listing: SourceListing, inUse: Set<Int> = []) {
    view.take(listing, isInUse: { inUse.contains($1) }, now: start)
  }

  @Test func untilTheBucketIsSeenTheCacheIsWhatThereIs() {
    var view = BucketView(cached: [Self.cached(1), Self.cached(2)], bound: 100)
    #expect(seen(view) == [1: .here, 2: .here] && view.isKnown)
    view.lose("nobody there")
    #expect(seen(view) == [1: .here, 2: .here] && view.problem == "nobody there")
    take(&view, Self.listing(Self.version(2), Self.version(3)))
    #expect(seen(view) == [2: .here, 3: .elsewhere] && view.problem == nil)
    view.lose("gone again")
    #expect(seen(view) == [2: .here, 3: .elsewhere])
  }

  @Test func aNewVersionIsWholeOnceTwoListingsAgree() {
    var view = BucketView(cached: [], bound: 100)
    #expect(!view.isKnown)
    take(&view, Self.listing(Self.version(1)))
    #expect(settled(view) == [1])
    take(&view, Self.listing(Self.version(1), Self.version(2, tag: "half")))
    #expect(settled(view) == [1])
    take(&view, Self.listing(Self.version(1), Self.version(2)))
    #expect(settled(view) == [1])
    take(&view, Self.listing(Self.version(1), Self.version(2)))
    #expect(settled(view) == [1, 2])
    take(&view, Self.listing(Self.version(1), Self.version(2), Self.version(3)))
    view.settleAll()
    #expect(settled(view) == [1, 2, 3])
  }

  @Test func whatIsWantedIsFetchedTheNewestFirst() {
    var view = BucketView(cached: [], bound: 100)
    take(&view, Self.listing(Self.version(1), Self.version(2)))
    #expect(next(&view) == .wait(.seconds(86_400)))
    view.want(VersionKey("m", 1), now: start)
    view.want(VersionKey("m", 2), now: start)
    #expect(seen(view) == [1: .coming(nil), 2: .coming(nil)])
    #expect(next(&view) == .fetch(Self.version(2), removing: []))
    view.keep(Self.cached(2), now: 5)
    #expect(seen(view) == [1: .coming(nil), 2: .here] && view.cachedBytes == 10)
    // Nobody wants the other any more.
    #expect(next(&view, inUse: [2]) == .changed && seen(view)[1] == .elsewhere)
  }

  @Test func anUnreachableStoreIsTriedAgainLaterAndLater() {
    var view = BucketView(cached: [], bound: 100)
    take(&view, Self.listing(Self.version(1)))
    view.want(VersionKey("m", 1), now: start)
    var pauses: [Duration] = []
    var now = Duration.zero
    for _ in 0..<9 {
      #expect(next(&view, after: now) == .fetch(Self.version(1), removing: []))
      pauses.append(view.fail(Self.version(1), Self.unreachable, now: start + now))
      #expect(seen(view) == [1: .coming("nobody there")])
      #expect(next(&view, after: now) == .wait(pauses[pauses.count - 1]))
      now += pauses[pauses.count - 1]
    }
    #expect(pauses.first == .seconds(1) && pauses.last == .seconds(60) && pauses == pauses.sorted())
    // Whoever asks for it by name need not wait.
    _ = view.fail(Self.version(1), Self.unreachable, now: start + now)
    view.want(VersionKey("m", 1), now: start + now)
    #expect(next(&view, after: now) == .fetch(Self.version(1), removing: []))
    #expect(seen(view) == [1: .coming(nil)])
  }

  @Test func whatCameDamagedIsOutUntilItChangesOrSomeTimeHasPassed() {
    var view = BucketView(cached: [], bound: 100)
    take(&view, Self.listing(Self.version(1)))
    view.want(VersionKey("m", 1), now: start)
    let pause = view.fail(Self.version(1), Self.damaged, now: start)
    #expect(seen(view) == [1: .broken("cut short")])
    take(&view, Self.listing(Self.version(1)))
    #expect(seen(view) == [1: .broken("cut short")])
    view.take(Self.listing(Self.version(1)), isInUse: { _, _ in false }, now: start + pause)
    #expect(seen(view) == [1: .elsewhere])
    view.want(VersionKey("m", 1), now: start)
    _ = view.fail(Self.version(1), Self.damaged, now: start)
    take(&view, Self.listing(Self.version(1, tag: "b")))
    #expect(seen(view) == [1: .elsewhere])
  }

  @Test func whatWasFetchedAndIsAnotherNowIsFetchedAnew() {
    var view = BucketView(cached: [Self.cached(1)], bound: 15)
    take(&view, Self.listing(Self.version(1, tag: "b")))
    #expect(seen(view) == [1: .elsewhere])
    view.want(VersionKey("m", 1), now: start)
    #expect(next(&view) == .fetch(Self.version(1, tag: "b"), removing: [Self.cached(1)]))
    // While it answers, somebody is told instead.
    take(&view, Self.listing(Self.version(1, tag: "c")), inUse: [1])
    let directory = view.directory(path: { "\($0)/\($1)" }, settings: { _ in ModelSettings() })
    let problems = directory.problems
    #expect(problems.count == 1 && problems[0].contains("upload what is new under a new number"))
  }

  @Test func theCacheKeepsItsBound() {
    var view = BucketView(cached: [Self.cached(1), Self.cached(2), Self.cached(3)], bound: 35)
    take(
      &view, Self.listing(Self.version(1), Self.version(2), Self.version(3), Self.version(4)))
    view.want(VersionKey("m", 4), now: start)
    #expect(next(&view, inUse: [1, 4]) == .fetch(Self.version(4), removing: [Self.cached(2)]))
    view.use(VersionKey("m", 2), now: 9)
    #expect(next(&view, inUse: [1, 4]) == .fetch(Self.version(4), removing: [Self.cached(3)]))
    guard case .refuse(let version, let error) = next(&view) else {
      Issue.record("it cannot fit")
      return
    }
    #expect(version.number == 4 && error.reason.contains("raise --s3-cache-size"))
    _ = view.fail(version, error, now: start)
    #expect(next(&view) == .wait(.seconds(86_400)))
    guard case .broken? = seen(view)[4] else {
      Issue.record("\(seen(view))")
      return
    }
  }

  @Test func settingsOfModelsThatWentAreForgotten() {
    var view = BucketView(cached: [], bound: 100)
    view.settings = ["m": nil, "gone": nil]
    take(&view, Self.listing(Self.version(1)))
    #expect(view.settings.keys.sorted() == ["m"])
  }

  @Test func brokenSettingsAreTheProblemOfTheirModel() {
    var view = BucketView(cached: [], bound: 100)
    take(&view, Self.listing(Self.version(1)))
    let directory = view.directory(path: { "\($0)/\($1)" }) { model throws(ConfigurationProblems) in
      throw ConfigurationProblems([
        ConfigurationError(file: "\(model)/model.yaml", line: 2, "nope")
      ])
    }
    #expect(directory.entries.map(\.problem) == ["m/model.yaml:2: nope"])
  }
}
