// Buckets are log-linear: each power of two is cut into 16 of equal width, so that a bucket's
// middle is within 1/32 (3.2 %) of every value in it, over the whole range.
//
//   index   0      …  16     17        …  32       33             …
//   values  0, 1   …  17?    ranges of 1 below 32, of 2 below 64, of 4 below 128, …
//
// A bucket includes its upper end, as Prometheus' `le` does.

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
    fileprivate func exposed(_ value: UInt64) -> Double {
      self == .seconds ? Double(value) / 1e9 : Double(value)
    }
    /// Powers of two that bound the exposed buckets.
    fileprivate var octaves: ClosedRange<Int> {
      switch self {
      case .seconds: 10...36
      case .count: 0...16
      case .bytes: 6...30
      }
    }
  }

  private static let steps: UInt64 = 16
  private static let stepBits = 4
  /// Values above 2^44 (5 hours in nanoseconds) count as that.
  package static let maximum: UInt64 = 1 << 44
  private static let bucketCount = index(of: maximum) + 1

  private let unit: Unit
  /// The buckets, and behind them the sum.
  private let places: Stripes

  /// - Parameter stripes: threads that record so often that each wants a place of its own.
  package init(unit: Unit, stripes: Int = 1) {
    self.unit = unit
    places = Stripes(count: stripes, width: Self.bucketCount + 1)
  }

  package func record(_ value: UInt64, stripe: Int = 0) {
    places.add(1, at: Self.index(of: min(value, Self.maximum)), stripe: stripe)
    places.add(value, at: Self.bucketCount, stripe: stripe)
  }

  /// Records a time; what is below zero counts as that.
  package func record(_ duration: Duration) {
    record(UInt64(max(0, min(duration.seconds * 1e9, Double(Self.maximum)))))
  }

  /// Sum of all values.
  package var sum: UInt64 { places[Self.bucketCount] }
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
      if Double(seen) >= rank { return Self.middle(of: index) }
    }
    return nil
  }

  package func expose(_ name: String, _ labels: LabelSet, into text: inout Exposition) {
    // Everything is derived from one reading of the buckets, so that the lines agree.
    let counts = counts()
    var seen: UInt64 = 0
    var next = 0
    for octave in unit.octaves {
      let last = Self.index(of: 1 << UInt64(octave))
      seen += counts[next...last].reduce(0, +)
      next = last + 1
      let bound = unit.exposed(1 << UInt64(octave))
      text.sample(name + "_bucket", labels, "\(seen)", bound: text.number(bound))
    }
    seen += counts[next...].reduce(0, +)
    text.sample(name + "_bucket", labels, "\(seen)", bound: "+Inf")
    text.sample(name + "_sum", labels, text.number(unit.exposed(sum)))
    text.sample(name + "_count", labels, "\(seen)")
  }

  private func counts() -> [UInt64] {
    (0..<Self.bucketCount).map { places[$0] }
  }

  /// The bucket of a value up to `maximum`.
  package static func index(of value: UInt64) -> Int {
    let below = max(value, 1) - 1
    guard below >= steps else { return Int(below) }
    let shift = 63 - stepBits - below.leadingZeroBitCount
    return shift * Int(steps) + Int(below >> UInt64(shift))
  }

  /// What stands for the values of a bucket: within 1/32 of each.
  package static func middle(of index: Int) -> Double {
    guard index >= 2 * Int(steps) else { return Double(index + 1) }
    let shift = UInt64(index / Int(steps) - 1)
    let low = (UInt64(index) - shift * steps) << shift
    return Double(low) + 0.5 + Double(UInt64(1) << shift) / 2
  }
}
