internal import Metrics

extension ServerConfiguration {
  /// What is wrong with `models`, and how it is written; nil if it can be read.
  package static func problem(withModels text: String) -> String? {
    do throws(ConfigurationError) {
      _ = try SourceAddress.list(text)
      return nil
    } catch {
      return error.reason
    }
  }

  /// The sources of models; those of buckets make their folders.
  func openSources(metrics: Registry, log: Log) throws(ConfigurationError) -> [any ModelSource] {
    var sources: [any ModelSource] = []
    for address in try SourceAddress.list(models) {
      sources.append(
        try address.open(s3, cache: s3.cache(besides: accounts.database), log: log))
    }
    let buckets = sources.compactMap { $0 as? BucketSource }
    if !buckets.isEmpty {
      metrics.sampled(
        "apus_model_cache_bytes", help: "Bytes of versions that were fetched and are kept.",
        kind: .gauge
      ) { Double(buckets.reduce(0) { $0 + $1.cachedBytes }) }
    }
    return sources
  }
}
