internal import Metrics
internal import ObjectStore
internal import Time

/// Tells metrics and models' histories of what the keeper does; the log is told where it happens,
/// and last: whoever has read it there finds it everywhere.
struct KeeperReports: Sendable {
  private let registry: ModelRegistry
  private let metrics: Registry
  private let loads: Family<Counter>
  private let unloads, swaps: Counter
  private let fetches: Family<Counter>
  private let fetchedBytes: Counter
  private let events: Family<Counter>
  private let lost: Gauge

  init(registry: ModelRegistry, metrics: Registry) {
    self.registry = registry
    self.metrics = metrics
    loads = metrics.counters(
      "apus_model_loads_total", help: "Versions that were loaded, or could not be.",
      labels: ["outcome"])
    unloads = metrics.counter(
      "apus_model_unloads_total", help: "Versions that were taken out of memory.")
    swaps = metrics.counter(
      "apus_model_swaps_total", help: "Newer versions that took an older one's calls over.")
    fetches = metrics.counters(
      "apus_model_fetches_total",
      help: "Versions that were fetched from a bucket, or could not be.",
      labels: ["outcome"])
    fetchedBytes = metrics.counter(
      "apus_model_fetched_bytes_total", help: "Bytes of versions that were fetched.")
    events = metrics.counters(
      "apus_model_events_total", help: "What happened to models and their sources, by kind.",
      labels: ["event"])
    lost = metrics.gauge(
      "apus_model_sources_lost", help: "Sources of models that cannot be looked at now.")
    for (name, phase) in [("ready", ModelRegistry.State.Phase.ready), ("failed", .failed)] {
      metrics.sampled(
        "apus_models_\(name)", help: "Versions of models that are \(name).", kind: .gauge
      ) { [registry] in
        Double(registry.all.flatMap(\.versions).count { $0.state.phase == phase })
      }
    }
  }

  /// - Parameter detail: what is to be known of how it is served.
  func loaded(_ model: String, _ version: Int, _ detail: String) {
    loads.with("ready").increment()
    note(.loaded, model, version, detail)
  }

  func loadFailed(_ model: String, _ version: Int, _ problem: String) {
    loads.with("failed").increment()
    note(.loadFailed, model, version, problem)
  }

  func swapped(_ model: String, from old: Int, to new: Int) {
    swaps.increment()
    note(.swapped, model, new, "from version \(old)")
  }

  /// A version has gone from memory, and with it what is told of it.
  func unloaded(_ model: String, _ version: Int) {
    unloads.increment()
    note(.unloaded, model, version)
    metrics.forget(["model": model, "version": "\(version)"])
  }

  /// A model has gone from its source and from memory.
  func ended(_ model: String) { metrics.forget(["model": model]) }

  func fetched(_ model: String, _ version: Int, _ result: Result<Int, ObjectStoreError>) {
    switch result {
    case .success(let bytes):
      fetches.with("fetched").increment()
      fetchedBytes.increment(by: UInt64(bytes))
      note(.fetched, model, version)
    case .failure(let error):
      fetches.with("failed").increment()
      note(.fetchFailed, model, version, error.reason)
    }
  }

  /// A source is lost, or back.
  func source(of models: some Sequence<String>, problem: String?) {
    let kind = problem == nil ? ModelHistory.Kind.sourceBack : .sourceLost
    events.with(kind.rawValue).increment()
    for model in models { enter(kind, model, nil, problem ?? "") }
  }

  func setLost(_ count: Int) { lost.set(Int64(count)) }

  func note(
    _ kind: ModelHistory.Kind, _ model: String, _ version: Int?, _ detail: String = ""
  ) {
    events.with(kind.rawValue).increment()
    enter(kind, model, version, detail)
  }

  private func enter(
    _ kind: ModelHistory.Kind, _ model: String, _ version: Int?, _ detail: String
  ) {
    let event = ModelHistory.Event(
      time: UnixTime.now().seconds, kind: kind, version: version, detail: detail)
    registry.changeHistory(of: model) { $0.add(event) }
  }
}
