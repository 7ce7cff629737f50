/// How often values fell where: durations in nanoseconds, sizes, counts. Recording takes no lock.
package final class Histogram: Metric {
  package static var kind: MetricKind { .histogram }

  /// What is recorded, and as what it is exposed.
  package enum Unit: Sendable {
    /// Recorded in nanoseconds, exposed in seconds, with bounds from 1 µs to 69 s.
    case seconds
    /// Recorded and exposed as a number, with bounds from 1 to 65,536.
    case count
    /// Recorded and exposed in bytes, with bounds from 64 B to 1 GiB.
    case bytes

    /// A recorded value as it is exposed. Divided, because 1e-9 is no binary fraction and its error
    /// would show in every bound.
    func exposed(_ value: UInt64) -> Double {
      self == .seconds ? Double(value) / 1e9 : Double(value)
    }
    /// Powers of two that bound the exposed buckets.
    var octaves: ClosedRange<Int> {
      switch self {
      case .seconds: 10...36
      case .count: 0...16
      case .bytes: 6...30
      }
    }
  }

  /// How close the exposed bounds are, and so what a quantile that Prometheus reckons from them is
  /// worth. What is finer costs more lines.
  package enum Detail: Sendable {
    /// 27 bounds: a quantile may be twice the truth.
    case octaves
    /// 78 bounds from 33 µs to 275 s, in steps of 25 % at most.
    case quarters
    /// 369 bounds from 33 µs to 275 s, in steps of 5 % at most: no quantile is further off.
    case within5Percent

    var ratio: Double {
      switch self {
      case .octaves: 2
      case .quarters: 1.25
      case .within5Percent: 1.05
      }
    }
    fileprivate var scale: BucketScale { self == .within5Percent ? .fine : .standard }
  }

  /// Values above this (5 hours in nanoseconds) count as it.
  package static let maximum = BucketScale.maximum

  private let unit: Unit
  private let detail: Detail
  private let scale: BucketScale
  private let bucketCount: Int
  /// The buckets, and behind them the sum.
  private let places: Stripes

  /// - Parameter stripes: threads that record so often that each wants a place of its own.
  package init(unit: Unit, detail: Detail = .octaves, stripes: Int = 1) {
    self.unit = unit
    self.detail = detail
    scale = detail.scale
    bucketCount = scale.count
    places = Stripes(count: stripes, width: bucketCount + 1)
  }

  package func record(_ value: UInt64, stripe: Int = 0) {
    places.add(1, at: scale.index(of: min(value, Self.maximum)), stripe: stripe)
    places.add(value, at: bucketCount, stripe: stripe)
  }

  /// Records a time; what is below zero counts as that.
  package func record(_ duration: Duration) {
    record(UInt64(max(0, min(duration.seconds * 1e9, Double(Self.maximum)))))
  }

  /// Sum of all values.
  package var sum: UInt64 { places[bucketCount] }
  /// How many values.
  package var count: UInt64 { counts().reduce(0, +) }

  /// The value below which that share of all values lie, within 5 %; nil when there is none.
  ///
  /// - Parameter share: 0.5 for the median; clamped to 0...1.
  package func percentile(_ share: Double) -> Double? {
    let counts = counts()
    let all = counts.reduce(0, +)
    guard all > 0 else { return nil }
    // Nearest rank: the smallest value with at least that share at or below it.
    let rank = max(1, (min(max(share, 0), 1) * Double(all)).rounded(.up))
    var seen: UInt64 = 0
    for (index, count) in counts.enumerated() {
      seen += count
      if Double(seen) >= rank { return scale.middle(of: index) }
    }
    return nil
  }

  package func expose(_ name: String, _ labels: LabelSet, into text: inout Exposition) {
    expose(name, labels, detail, into: &text)
  }

  /// - Parameter detail: as the histogram's own, or coarser.
  func expose(
    _ name: String, _ labels: LabelSet, _ detail: Detail, into text: inout Exposition
  ) {
    // Everything is derived from one reading of the buckets, so that the lines agree.
    let counts = counts()
    let bounds = BucketBounds.of(unit, detail, scale)
    var seen: UInt64 = 0
    var next = 0
    let line = text.opening(name + "_bucket", labels, bound: true)
    for (last, bound) in zip(bounds.lasts, bounds.texts) {
      while next <= last {
        seen += counts[next]
        next += 1
      }
      text.bucket(line, bound, seen)
    }
    seen += counts[next...].reduce(0, +)
    text.bucket(line, "+Inf", seen)
    text.sample(name + "_sum", labels, Exposition.number(unit.exposed(sum)))
    text.sample(name + "_count", labels, "\(seen)")
  }

  private func counts() -> [UInt64] { places.sums(bucketCount) }

  // MARK: The standard scale, which the usage ledger counts on too

  /// The bucket of a value up to `maximum`.
  package static func index(of value: UInt64) -> Int { BucketScale.standard.index(of: value) }

  /// What stands for the values of a bucket: within 1/32 of each.
  package static func middle(of index: Int) -> Double { BucketScale.standard.middle(of: index) }
}
