import Metrics
import Testing

/// What Prometheus reckons from the text.
@Suite struct QuantileTests {
  private func buckets(_ text: String) throws -> [(bound: Double, count: Double)] {
    var buckets: [(bound: Double, count: Double)] = []
    for line in text.split(separator: "\n") where line.contains("_bucket{") {
      let bound = try #require(line.split(separator: "le=\"").last?.split(separator: "\"").first)
      let count = try #require(line.split(separator: " ").last)
      buckets.append((bound == "+Inf" ? .infinity : Double(bound) ?? .nan, Double(count) ?? .nan))
    }
    return buckets
  }

  /// Prometheus' `histogram_quantile` on classic buckets: straight lines within a bucket
  /// (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile).
  private func quantile(_ share: Double, _ text: String) throws -> Double {
    var low = (bound: 0.0, count: 0.0)
    let buckets = try buckets(text)
    let rank = share * (buckets.last?.count ?? 0)
    for bucket in buckets {
      if bucket.count >= rank {
        guard bucket.bound < .infinity else { return low.bound }
        let part = (rank - low.count) / (bucket.count - low.count)
        return low.bound + (bucket.bound - low.bound) * part
      }
      low = bucket
    }
    return .nan
  }

  enum Shape: String, CaseIterable {
    case even, exponential, twoPeaks, oneValue, heavyTail, slow
  }

  /// Nanoseconds.
  private func samples(_ shape: Shape) -> [UInt64] {
    var state: UInt64 = 42
    func random() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (Double(state >> 11) + 0.5) / Double(1 << 53)
    }
    return (0..<20_000).map { index in
      let seconds =
        switch shape {
        case .even: 0.001 + 0.02 * random()
        case .exponential: 0.0002 + 0.005 * expApproximation(random())
        case .twoPeaks: index % 8 == 0 ? 0.9 + 0.01 * random() : 0.0031 + 0.0001 * random()
        case .oneValue: 0.004_096_001
        case .heavyTail: 0.002 / (random() * random())
        case .slow: 20 + 100 * random()
        }
      return UInt64(min(seconds, 250) * 1e9)
    }
  }

  /// A long tail to one side, without a C library.
  private func expApproximation(_ share: Double) -> Double { share / (1.02 - share) }

  @Test(arguments: Shape.allCases)
  func theyAreWithin5PercentOfTheTruth(_ shape: Shape) throws {
    let registry = Registry()
    let histogram = registry.histograms(
      "request_seconds", help: "", unit: .seconds, detail: .within5Percent, labels: [], stripes: 2
    ).with()
    let samples = samples(shape).sorted()
    for (index, sample) in samples.enumerated() { histogram.record(sample, stripe: index % 2) }
    let text = registry.exposition()
    for share in [0.5, 0.9, 0.95, 0.99] {
      let exact = Double(samples[Int(share * Double(samples.count))]) / 1e9
      let found = try quantile(share, text)
      #expect(abs(found - exact) <= 0.05 * exact, "\(shape) \(share): \(found), exactly \(exact)")
    }
  }

  /// A bound for every detail: steps as wide as promised and no wider, and not too many.
  @Test(arguments: [
    (Histogram.Detail.octaves, 2.0, 27), (.quarters, 1.25, 78), (.within5Percent, 1.05, 369),
  ])
  func boundsAreAsCloseAsPromised(_ detail: Histogram.Detail, ratio: Double, count: Int) throws {
    let registry = Registry()
    _ = registry.histograms("a", help: "", unit: .seconds, detail: detail, labels: []).with()
    let bounds = try buckets(registry.exposition()).map(\.bound).filter { $0 < .infinity }
    #expect(bounds.count == count)
    for (low, high) in zip(bounds, bounds.dropFirst()) {
      #expect(low < high && high <= low * ratio * 1.000_001, "\(low) \(high)")
    }
  }
}
