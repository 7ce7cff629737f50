internal import Caching
internal import Metrics

/// Figures of the cache, and of what it did for each model.
final class CacheMetrics: Sendable {
  /// Models told apart; what comes beyond is counted as `other`.
  private static let seriesBound = 1000

  private let hits, misses, joins, bypasses: Family<Counter>

  init(_ metrics: Registry, _ cache: MemoryCache?) {
    func family(_ name: String, _ help: String) -> Family<Counter> {
      metrics.counters(
        "apus_cache_\(name)_total", help: help, labels: ["model"], bound: Self.seriesBound)
    }
    hits = family("hits", "Calls answered out of the cache.")
    misses = family("misses", "Calls whose answer was not in the cache.")
    joins = family("joins", "Calls that shared the computation of another.")
    bypasses = family("bypasses", "Calls that asked for no cache.")
    func sampled(
      _ name: String, _ help: String, _ kind: MetricKind,
      _ read: @escaping @Sendable (CacheFigures) -> Int
    ) {
      metrics.sampled("apus_cache_\(name)", help: help, kind: kind) {
        cache.map { Double(read($0.figures)) } ?? 0
      }
    }
    sampled("entries", "Answers in the cache.", .gauge) { $0.entries }
    sampled("bytes", "Memory of answers and their requests, about.", .gauge) { $0.bytes }
    sampled("computing", "Requests that are computed for the cache.", .gauge) { $0.computing }
    sampled("waiting", "Calls that wait for the computation of another.", .gauge) { $0.waiting }
    sampled("evictions_total", "Answers that made room for others.", .counter) { $0.evictions }
    sampled("oversized_total", "Answers too large to be kept.", .counter) { $0.oversized }
  }

  func counters(of model: String) -> CacheCounters {
    CacheCounters(
      hits: hits.with(model), misses: misses.with(model), joins: joins.with(model),
      bypasses: bypasses.with(model))
  }
}

/// What the cache did for one model.
struct CacheCounters: Sendable {
  let hits, misses, joins, bypasses: Counter
}
