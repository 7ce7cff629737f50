import Synchronization

// Buckets are log-linear: each power of two is cut into 16 of equal width, so that a bucket's
// middle is within 1/32 (3.2 %) of every value in it, over the whole range.
//
//   index   0      …  16     17        …  32       33             …
//   values  0, 1   …  17?    ranges of 1 below 32, of 2 below 64, of 4 below 128, …
//
// A bucket includes its upper end, as Prometheus' `le` does.

/// How often values fell where: durations in nanoseconds, sizes, counts. Recording takes no lock.
///
/// `@unchecked Sendable`: the memory is made in `init`, freed in `deinit`, and holds nothing but
/// atomics in between.
@safe
package final class Histogram: Metric, @unchecked Sendable {
  package static var kind: MetricKind { .histogram }

  /// What is recorded, and as what it is exposed.
  package enum Unit: Sendable {
    /// Recorded in nanoseconds, exposed in seconds, with bounds from 1 µs to 69 s.
    case seconds
    /// Recorded and exposed as a number, with bounds from 1 to 65,536.
    case count
    /// Recorded and exposed in bytes, with bounds from 64 B to 1 GiB.
    case bytes

    fileprivate var scale: Double { self == .seconds ? 1e-9 : 1 }
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
  private let buckets: UnsafeMutablePointer<Atomic<UInt64>>
  private let total = Atomic<UInt64>(0)

  package init(unit: Unit) {
    self.unit = unit
    unsafe buckets = .allocate(capacity: Self.bucketCount)
    for index in 0..<Self.bucketCount { unsafe (buckets + index).initialize(to: Atomic(0)) }
  }

  deinit {
    unsafe buckets.deinitialize(count: Self.bucketCount)
    unsafe buckets.deallocate()
  }

  package func record(_ value: UInt64) {
    unsafe buckets[Self.index(of: min(value, Self.maximum))].wrappingAdd(1, ordering: .relaxed)
    total.wrappingAdd(value, ordering: .relaxed)
  }

  /// Sum of all values.
  package var sum: UInt64 { total.load(ordering: .relaxed) }
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
      let bound = Double(UInt64(1) << UInt64(octave)) * unit.scale
      text.sample(name + "_bucket", labels, "\(seen)", bound: text.number(bound))
    }
    seen += counts[next...].reduce(0, +)
    text.sample(name + "_bucket", labels, "\(seen)", bound: "+Inf")
    text.sample(name + "_sum", labels, text.number(Double(sum) * unit.scale))
    text.sample(name + "_count", labels, "\(seen)")
  }

  private func counts() -> [UInt64] {
    (0..<Self.bucketCount).map { unsafe buckets[$0].load(ordering: .relaxed) }
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
