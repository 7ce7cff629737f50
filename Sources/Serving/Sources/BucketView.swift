internal import ObjectStore

/// A version of a model, as a key.
struct VersionKey: Hashable, Sendable {
  let model: String
  let number: Int

  init(_ model: String, _ number: Int) {
    self.model = model
    self.number = number
  }
}

/// What is known of a bucket, its cache and the fetches between them, and what to do next. Pure:
/// time is a parameter, and `BucketSource` does the work.
struct BucketView {
  private enum Fetch {
    /// Wanted since then or again from then on, after so many tries; with what went wrong.
    case waiting(from: ContinuousClock.Instant, tries: Int, problem: String?)
    /// Given up until then, or until the files are others.
    case broken(String, until: ContinuousClock.Instant, fingerprint: String)
  }

  enum Step: Equatable {
    case wait(Duration)
    /// Something has changed without a fetch.
    case changed
    case fetch(SourcedVersion, removing: [CachedVersion])
    /// It will not fit.
    case refuse(SourcedVersion, ObjectStoreError)
  }

  private let bound: Int
  private var cached: [VersionKey: CachedVersion]
  private var listing: SourceListing?
  private var listed: [VersionKey: (version: SourcedVersion, fingerprint: String)] = [:]
  /// What versions of the listing look like, once two listings agree.
  private var settled: [VersionKey: String] = [:]
  private var fetches: [VersionKey: Fetch] = [:]
  private var changed: [String] = []
  /// Of the listed models whose settings were looked for: what there was of them.
  var settings: [String: StoredObject?] = [:]
  private(set) var problem: String?
  var begun = 0
  private(set) var ended = 0

  /// - Parameter bound: of the cache, in bytes.
  init(cached: [CachedVersion], bound: Int) {
    self.bound = bound
    self.cached = Dictionary(
      cached.map { (VersionKey($0.model, $0.number), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether it is known, if only from before, what there is.
  var isKnown: Bool { ended > 0 || !cached.isEmpty }

  var cachedBytes: Int { cached.values.reduce(0) { $0 + $1.size } }

  // MARK: What becomes known

  /// A listing came. The first is taken to be complete.
  mutating func take(
    _ listing: SourceListing, isInUse: (String, Int) -> Bool, now: ContinuousClock.Instant
  ) {
    let before = listed
    listed = Dictionary(
      listing.versions.map { (VersionKey($0.model, $0.number), ($0, $0.fingerprint)) },
      uniquingKeysWith: { first, _ in first })
    let isFirst = self.listing == nil
    self.listing = listing
    problem = nil
    ended += 1
    settled = settled.filter { listed[$0.key] != nil }
    changed = []
    for (key, (_, fingerprint)) in listed {
      if isFirst || before[key]?.fingerprint == fingerprint { settled[key] = fingerprint }
      if let cached = cached[key], cached.fingerprint != fingerprint,
        isInUse(key.model, key.number)
      {
        changed.append(
          "version \(key.number) of \(key.model) has other files now than those that are served; "
            + "upload what is new under a new number")
      }
      if case .broken(_, let until, let old)? = fetches[key], old != fingerprint || now >= until
      {
        fetches[key] = nil
      }
    }
    changed.sort()
    fetches = fetches.filter { listed[$0.key] != nil }
    let models = Set(listed.keys.map(\.model))
    settings = settings.filter { models.contains($0.key) }
  }

  /// No listing came.
  mutating func lose(_ reason: String) {
    problem = reason
    ended += 1
  }

  /// Somebody says that nobody writes any more.
  mutating func settleAll() { settled = listed.mapValues(\.fingerprint) }

  mutating func use(_ key: VersionKey, now: Int) { cached[key]?.used = now }

  mutating func keep(_ version: CachedVersion, now: Int) {
    let key = VersionKey(version.model, version.number)
    cached[key] = version
    use(key, now: now)
    fetches[key] = nil
  }

  mutating func drop(_ version: CachedVersion) {
    cached[VersionKey(version.model, version.number)] = nil
  }

  // MARK: Fetches

  /// A version is to come, now, whatever went wrong before.
  mutating func want(_ key: VersionKey, now: ContinuousClock.Instant) {
    fetches[key] = .waiting(from: now, tries: 0, problem: nil)
  }

  /// Notes why a version could not be fetched.
  ///
  /// - Returns: when it is tried again.
  mutating func fail(
    _ version: SourcedVersion, _ error: ObjectStoreError, now: ContinuousClock.Instant
  ) -> Duration {
    let key = VersionKey(version.model, version.number)
    var tries = 1
    if case .waiting(_, let before, _)? = fetches[key] { tries = before + 1 }
    let pause = RetrySchedule.sources.pause(after: tries, spread: 1) ?? .seconds(60)
    switch error.kind {
    case .unreachable, .busy, .denied, .settings, .cancelled:
      // It is the store that fails: an older version would come no better.
      fetches[key] = .waiting(from: now + pause, tries: tries, problem: error.reason)
    case .notFound, .changed, .damaged, .unusable, .disk:
      fetches[key] = .broken(
        error.reason, until: now + pause, fingerprint: version.fingerprint)
    }
    return pause
  }

  /// What to fetch now, or how long there is nothing to do.
  mutating func next(
    isInUse: (String, Int) -> Bool, now: ContinuousClock.Instant
  ) -> Step {
    var soonest: ContinuousClock.Instant?
    // The newest of a model first, as an older one only stands in for it.
    let waiting = fetches.sorted { a, b in
      (a.key.model, -a.key.number) < (b.key.model, -b.key.number)
    }
    for (key, fetch) in waiting {
      guard case .waiting(let from, _, _) = fetch else { continue }
      guard let (version, fingerprint) = listed[key], isInUse(key.model, key.number) else {
        fetches[key] = nil
        return .changed
      }
      guard from <= now else {
        soonest = min(soonest ?? from, from)
        continue
      }
      // What was fetched before of a version that could not be loaded, and is another one now.
      let stale = cached[key].map { [$0] } ?? []
      if stale.first?.fingerprint == fingerprint {
        fetches[key] = nil
        return .changed
      }
      let others = cached.filter { $0.key != key }
      let victims = CacheBound.victims(
        Array(others.values), needed: version.size, bound: bound
      ) { isInUse($0.model, $0.number) }
      guard let victims else { return .refuse(version, tooLarge(version)) }
      return .fetch(version, removing: stale + victims)
    }
    return .wait(soonest.map { now.duration(to: $0) } ?? .seconds(86_400))
  }

  private func tooLarge(_ version: SourcedVersion) -> ObjectStoreError {
    ObjectStoreError(
      .disk,
      "version \(version.number) of \(version.model) has \(version.size) bytes, and the cache may "
        + "hold \(bound) with all that is in use: raise --s3-cache-size, or unload versions")
  }

  // MARK: What the keeper sees

  func stamp(of key: VersionKey) -> VersionStamp {
    VersionStamp(listed[key]?.fingerprint ?? cached[key]?.fingerprint ?? "")
  }

  /// What is in the bucket; until that is known, what is in the cache.
  func directory(
    path: (String, Int) -> String,
    settings: (String) throws(ConfigurationProblems) -> ModelSettings
  ) -> ModelDirectory {
    let keys = listing == nil ? Array(cached.keys) : Array(listed.keys)
    var entries: [ModelDirectory.Entry] = []
    var problems = (listing?.problems ?? []) + changed
    let models = Dictionary(grouping: keys, by: \.model).sorted { $0.key < $1.key }
    if models.count > ModelDirectory.maximumModels {
      problems.append(
        "there are more than \(ModelDirectory.maximumModels) models: those after "
          + "\(models[ModelDirectory.maximumModels - 1].key) are left out; use a narrower prefix")
    }
    for (model, keys) in models.prefix(ModelDirectory.maximumModels) {
      var entry = ModelDirectory.Entry(name: model)
      // Of too many, the newest.
      let newest = keys.sorted { $0.number < $1.number }.suffix(ModelDirectory.maximumVersions)
      entry.versions = newest.map { key in
        var version = ModelDirectory.Version(
          number: key.number, path: path(model, key.number), presence: presence(of: key))
        version.stamp = stamp(of: key)
        version.isSettled = listing == nil || settled[key] == listed[key]?.fingerprint
        return version
      }
      do throws(ConfigurationProblems) { entry.settings = try settings(model) } catch {
        entry.problem = error.line
      }
      entries.append(entry)
    }
    return ModelDirectory(entries: entries, problems: problems)
  }

  private func presence(of key: VersionKey) -> ModelDirectory.Presence {
    switch fetches[key] {
    case .waiting(_, _, let problem): return .coming(problem)
    case .broken(let reason, _, _): return .broken(reason)
    case nil: break
    }
    guard let held = cached[key] else { return .elsewhere }
    return listed[key].map { $0.fingerprint == held.fingerprint } ?? true ? .here : .elsewhere
  }
}
