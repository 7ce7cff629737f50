internal import Batching
internal import Caching
internal import Metrics

/// The series that every model has its share of, registered once.
struct ModelFigures: Sendable {
  let batching: BatchingMetrics
  let requests: RequestFamilies
  let cache: CacheMetrics
  let breakers: BreakerMetrics

  init(_ metrics: Registry, _ engine: Engine, _ kept: MemoryCache?, loops: Int) {
    batching = BatchingMetrics(registry: metrics, engine: engine)
    requests = RequestFamilies(metrics, loops: loops)
    cache = CacheMetrics(metrics, kept)
    breakers = BreakerMetrics(metrics)
  }
}
