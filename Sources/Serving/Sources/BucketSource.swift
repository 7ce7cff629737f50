internal import Metrics
internal import ObjectStore
internal import Synchronization
internal import Time

//   lists the bucket ──▶ BucketView: listing, cache, fetches ──▶ the keeper looks
//   fetches versions ◀── queue of the view ◀───────────────────── the keeper wants a version
//
// Two tasks of Swift's pool, asleep nearly always; bytes move on the web client's thread, files on
// the cache's.

/// Models of a bucket, served from a folder that they are fetched into.
final class BucketSource: ModelSource {
  let name: String
  let tellsOfChanges = true
  private let bucket: ModelBucket
  private let options: S3Options
  private let log: Log
  private let view: Mutex<BucketView>
  private let pauses = (list: Pause(), fetch: Pause())
  private let tasks = Mutex<[Task<Void, Never>]>([])

  /// - Throws: where the folder of what was fetched cannot be used.
  init(
    _ name: String, _ bucket: ModelBucket, _ options: S3Options, log: Log
  ) throws(ObjectStoreError) {
    self.name = name
    self.bucket = bucket
    self.options = options
    self.log = log
    let cached = try bucket.cached()
    view = Mutex(BucketView(cached: cached, bound: options.cacheSize))
  }

  var problem: String? { view.withLock { $0.problem } }
  var isKnown: Bool { view.withLock { $0.isKnown } }
  /// Bytes of all that was fetched and is kept.
  var cachedBytes: Int { view.withLock { $0.cachedBytes } }

  func begin(_ events: SourceEvents) {
    tasks.withLock { tasks in
      guard tasks.isEmpty else { return }
      tasks = [
        Task { [self] in await keepListing(events) },
        Task { [self] in await keepFetching(events) },
      ]
    }
  }

  func end() {
    for task in tasks.withLock({ $0 }) { task.cancel() }
    pauses.list.end()
    pauses.fetch.end()
  }

  func look(_ look: SourceLook) -> ModelDirectory {
    view.withLock { view in
      if look.isComplete { view.settleAll() }
      return view.directory(
        path: { bucket.folder(of: $0, $1) },
        settings: { model throws(ConfigurationProblems) in
          try ModelDirectory.settings(bucket.folder(of: model))
        })
    }
  }

  func stamp(of version: ModelDirectory.Version) -> VersionStamp {
    let model = version.modelFolder.split(separator: "/").last.map(String.init) ?? ""
    return view.withLock { $0.stamp(of: VersionKey(model, version.number)) }
  }

  func refresh() -> Int {
    let number = view.withLock { $0.begun + 1 }
    pauses.list.end()
    return number
  }

  func hasLooked(_ number: Int) -> Bool { view.withLock { $0.ended >= number } }

  func fetch(_ model: String, _ number: Int) {
    view.withLock { $0.want(VersionKey(model, number), now: .now) }
    pauses.fetch.end()
  }

  func noteUse(_ model: String, _ number: Int) {
    view.withLock { $0.use(VersionKey(model, number), now: Self.now()) }
    Task { [bucket] in await bucket.touch(model, number) }
  }

  // MARK: Listing

  private func keepListing(_ events: SourceEvents) async {
    var failures = 0
    while !Task.isCancelled {
      view.withLock { $0.begun += 1 }
      do throws(ObjectStoreError) {
        let listing = try await bucket.listing()
        await fetchSettings(listing)
        view.withLock { $0.take(listing, isInUse: events.isInUse, now: .now) }
        failures = 0
      } catch {
        if error.kind == .cancelled { return }
        view.withLock { $0.lose(error.reason) }
        failures += 1
      }
      events.news()
      // What could not be fetched before may be fetched now.
      pauses.fetch.end()
      let again = RetrySchedule.sources.pause(after: failures, spread: .random(in: 0..<1))
      await pauses.list.wait(failures == 0 ? options.period : again ?? options.period)
    }
  }

  /// Of models whose settings are others than before.
  private func fetchSettings(_ listing: SourceListing) async {
    let known = view.withLock { $0.settings }
    let models = Set(listing.versions.map(\.model)).sorted()
    for model in models where known[model] != .some(listing.settings[model]) {
      do throws(ObjectStoreError) {
        try await bucket.fetchSettings(listing.settings[model], of: model)
        view.withLock { $0.settings[model] = .some(listing.settings[model]) }
      } catch {
        if error.kind == .cancelled { return }
        log.warning(
          "settings not fetched", ("model", .text(model)), ("problem", .text(error.reason)))
      }
    }
  }

  // MARK: Fetching

  private func keepFetching(_ events: SourceEvents) async {
    while !Task.isCancelled {
      switch view.withLock({ $0.next(isInUse: events.isInUse, now: .now) }) {
      case .wait(let pause): await pauses.fetch.wait(pause)
      case .changed: events.news()
      case .fetch(let version, let victims):
        await fetch(version, victims, events)
        events.news()
      case .refuse(let version, let error):
        fail(version, error, events)
        events.news()
      }
    }
  }

  private func fetch(
    _ version: SourcedVersion, _ victims: [CachedVersion], _ events: SourceEvents
  ) async {
    let start = ContinuousClock.now
    log.info(
      "fetching", ("model", .text(version.model)), ("version", .integer(version.number)),
      ("files", .integer(version.files.count)), ("mib", .number(version.size.mebibytes)))
    let progress = Task { [self] in await tellProgress(version) }
    defer { progress.cancel() }
    do throws(ObjectStoreError) {
      for victim in victims { try await remove(victim) }
      let cached = try await bucket.fetch(version)
      // Told before the keeper can find it, and load it.
      events.fetched(version.model, version.number, .success(version.size))
      view.withLock { $0.keep(cached, now: Self.now()) }
      log.info(
        "fetched", ("model", .text(version.model)), ("version", .integer(version.number)),
        ("mib", .number(version.size.mebibytes)),
        ("ms", .number(start.duration(to: .now).milliseconds)))
    } catch {
      if error.kind != .cancelled { fail(version, error, events) }
    }
  }

  private func fail(
    _ version: SourcedVersion, _ error: ObjectStoreError, _ events: SourceEvents
  ) {
    let pause = view.withLock { $0.fail(version, error, now: .now) }
    events.fetched(version.model, version.number, .failure(error))
    log.error(
      "not fetched", ("model", .text(version.model)), ("version", .integer(version.number)),
      ("problem", .text(error.reason)), ("again_in_s", .number(pause.seconds)))
  }

  private func remove(_ version: CachedVersion) async throws(ObjectStoreError) {
    try await bucket.remove(version)
    view.withLock { $0.drop(version) }
    log.info(
      "removed from the cache", ("model", .text(version.model)),
      ("version", .integer(version.number)), ("mib", .number(version.size.mebibytes)))
  }

  /// By which the cache knows what was used last.
  private static func now() -> Int { Int(UnixTime.now().microseconds) }

  /// Large versions take minutes.
  private func tellProgress(_ version: SourcedVersion) async {
    while true {
      try? await Task.sleep(for: options.progressPeriod)
      if Task.isCancelled { return }
      let bytes = await bucket.incomingBytes()
      log.info(
        "fetching goes on", ("model", .text(version.model)),
        ("version", .integer(version.number)), ("mib", .number(bytes.mebibytes)),
        ("of_mib", .number(version.size.mebibytes)))
    }
  }
}

extension Int {
  fileprivate var mebibytes: Double { Double(self) / 1_048_576 }
}

extension RetrySchedule {
  /// From a second to a minute, for as long as it takes.
  static var sources: RetrySchedule {
    var schedule = RetrySchedule()
    schedule.tries = .max
    schedule.first = .seconds(1)
    schedule.longest = .seconds(60)
    return schedule
  }
}
