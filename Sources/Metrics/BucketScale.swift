// Buckets are log-linear: each power of two is cut into as many of equal width as `steps` says.
// With 16 of them a bucket's middle is within 1/32 (3.2 %) of every value in it:
//
//   index   0      …  16     17        …  32       33             …
//   values  0, 1   …  17?    ranges of 1 below 32, of 2 below 64, of 4 below 128, …
//
// A bucket includes its upper end, as Prometheus' `le` does.

/// How a range of whole numbers is cut into buckets.
struct BucketScale: Sendable {
  /// Values above 2^44 (5 hours in nanoseconds) count as that.
  static let maximum: UInt64 = 1 << 44
  /// Middles within 3.2 %; what the usage ledger keeps too, so it never changes.
  static let standard = BucketScale(stepBits: 4)
  /// Ends within 1.6 % of one another: from these buckets are chosen that are within 5 %.
  static let fine = BucketScale(stepBits: 6)

  let stepBits: Int
  private var steps: UInt64 { 1 << UInt64(stepBits) }
  var count: Int { index(of: Self.maximum) + 1 }

  /// The bucket of a value up to `maximum`.
  func index(of value: UInt64) -> Int {
    let below = max(value, 1) - 1
    guard below >= steps else { return Int(below) }
    let shift = 63 - stepBits - below.leadingZeroBitCount
    return shift * Int(steps) + Int(below >> UInt64(shift))
  }

  /// What stands for the values of a bucket: with 16 steps within 1/32 of each.
  func middle(of index: Int) -> Double {
    let (low, width) = range(of: index)
    return width == 1 ? Double(low + 1) : Double(low) + 0.5 + Double(width) / 2
  }

  /// The largest value of a bucket.
  func end(of index: Int) -> UInt64 {
    let (low, width) = range(of: index)
    return low + width
  }

  /// A bucket holds the values from `low` + 1 to `low` + `width`.
  private func range(of index: Int) -> (low: UInt64, width: UInt64) {
    guard index >= 2 * Int(steps) else { return (UInt64(index), 1) }
    let shift = UInt64(index) / steps - 1
    return ((UInt64(index) - shift * steps) << shift, 1 << shift)
  }
}
