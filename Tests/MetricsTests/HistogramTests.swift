import Metrics
import Testing

@Suite struct HistogramTests {
  /// The middle of a bucket is within 3.2 % of everything in it, and buckets are in order.
  @Test func bucketsAreNarrowOverTheWholeRange() throws {
    var value: UInt64 = 1
    var last = 0
    while value < 1 << 44 {
      let histogram = Histogram(unit: .count)
      histogram.record(value)
      let middle = try #require(histogram.percentile(0.5))
      #expect(abs(middle - Double(value)) <= Double(value) / 32)
      let index = Histogram.index(of: value)
      #expect(index >= last)
      last = index
      value += max(1, value / 37)
    }
  }

  @Test func boundsBelongToTheBucketBelow() {
    for octave in 0..<44 {
      let bound = UInt64(1) << UInt64(octave)
      #expect(Histogram.index(of: bound) < Histogram.index(of: bound + 1))
    }
    #expect(Histogram.index(of: 0) == 0 && Histogram.index(of: 1) == 0)
  }

  @Test func percentilesOfAKnownDistribution() throws {
    let histogram = Histogram(unit: .seconds)
    #expect(histogram.percentile(0.5) == nil)
    for value in 1...10_000 { histogram.record(UInt64(value)) }
    for share in [0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1] {
      let exact = share * 10_000
      let found = try #require(histogram.percentile(share))
      #expect(abs(found - exact) <= exact / 32 + 1)
    }
    #expect(histogram.count == 10_000)
    #expect(histogram.sum == 50_005_000)
  }

  @Test func valuesOverTheRangeCountAsItsEnd() throws {
    let histogram = Histogram(unit: .seconds)
    histogram.record(.max >> 1)
    #expect(histogram.count == 1)
    let found = try #require(histogram.percentile(1))
    #expect(abs(found - Double(UInt64(1) << 44)) <= found / 32)
  }

  @Test func durationsAreRecordedInNanoseconds() {
    let histogram = Histogram(unit: .seconds)
    for duration in [Duration.milliseconds(3), .nanoseconds(7), .seconds(-5)] {
      histogram.record(duration)
    }
    #expect(histogram.sum == 3_000_007 && histogram.count == 3)
    // As long as it goes: about five hours.
    histogram.record(.seconds(Int64.max))
    #expect(histogram.sum == 3_000_007 + 1 << 44)
  }

  @Test func durationsAsNumbers() {
    #expect(Duration.milliseconds(30).milliseconds == 30)
    #expect(Duration.microseconds(-1500).milliseconds == -1.5)
    #expect(Duration.milliseconds(20).seconds == 0.02)
    // On both sides of what 64 bits of attoseconds hold.
    #expect(Duration.milliseconds(9_223).milliseconds == 9_223)
    #expect(Duration.milliseconds(9_224).milliseconds == 9_224)
    #expect(Duration.milliseconds(-9_224).seconds == -9.224)
  }
}
