/// The buckets of a histogram that its text has: ends on its scale, and how they are written.
struct BucketBounds: Sendable {
  /// Of each, the last bucket of the scale that it takes in; rising.
  let lasts: [Int]
  /// Of each, the value of its `le` label.
  let texts: [String]

  /// From the lowest of `octaves` to the highest, each bound as far from the one below as the scale
  /// allows, but at most `ratio` times that.
  init(_ unit: Histogram.Unit, _ scale: BucketScale, octaves: ClosedRange<Int>, ratio: Double) {
    let end: UInt64 = 1 << UInt64(octaves.upperBound)
    var bounds: [UInt64] = [1 << UInt64(octaves.lowerBound)]
    while let bound = bounds.last, bound < end {
      let index = scale.index(of: bound)
      // The highest bucket whose end is not past the ratio, and one further in any case.
      let target = UInt64(Double(bound) * ratio)
      var next = scale.index(of: target)
      if scale.end(of: next) > target { next -= 1 }
      bounds.append(min(end, scale.end(of: max(index + 1, next))))
    }
    lasts = bounds.map(scale.index)
    texts = bounds.map { Exposition.number(unit.exposed($0)) }
  }

  /// Those of the units at `detail`, made once.
  static func of(_ unit: Histogram.Unit, _ detail: Histogram.Detail, _ scale: BucketScale) -> Self {
    switch (unit, detail, scale.stepBits) {
    case (.seconds, .octaves, BucketScale.standard.stepBits): seconds
    case (.seconds, .quarters, BucketScale.standard.stepBits): secondQuarters
    case (.seconds, .within5Percent, _): fineSeconds
    default: BucketBounds(unit, scale, octaves: unit.octaves, ratio: detail.ratio)
    }
  }

  private static let seconds = BucketBounds(
    .seconds, .standard, octaves: Histogram.Unit.seconds.octaves,
    ratio: Histogram.Detail.octaves.ratio)
  private static let secondQuarters = BucketBounds(
    .seconds, .standard, octaves: 15...38, ratio: Histogram.Detail.quarters.ratio)
  private static let fineSeconds = BucketBounds(
    .seconds, .fine, octaves: 15...38, ratio: Histogram.Detail.within5Percent.ratio)
}
