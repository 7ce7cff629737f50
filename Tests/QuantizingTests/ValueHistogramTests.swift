import TestSupport
import Testing

@testable import Quantizing

struct ValueHistogramTests {
  private func histogram(_ parts: [Float]...) -> ValueHistogram {
    var made = ValueHistogram()
    for part in parts { made.add(part.count) { part[$0] } }
    return made
  }

  @Test func aFullRangeIsKept() {
    let range = histogram((0...1000).map { Float($0) / 1000 }).range()
    #expect(range.low == 0 && range.high > 0.98)
  }

  @Test func aLonelyNumberIsCut() {
    var generator = SeededGenerator(seed: 1)
    let many = (0..<1_000_000).map { _ in Float.random(in: -1...1, using: &generator) }
    let range = histogram(many, [3]).range()
    #expect(range.high < 1.5 && range.high > 0.8)
    // A single one among few is worth its place.
    #expect(histogram([0.5, -0.5, 3]).range().high > 2.9)
  }

  @Test func theOrderOfSamplesMattersLittle() {
    let (small, large) = ((1...500).map { Float($0) / 500 }, (1...500).map { Float($0) / 5 })
    let (one, other) = (histogram(small, large).range(), histogram(large, small).range())
    #expect(abs(one.high - other.high) < 2)
  }

  @Test func nothingAndZerosHaveARange() {
    #expect(histogram().range() == (0, 0))
    #expect(histogram([0, 0]).range() == (0, 0))
    #expect(histogram([-3, -1]).range().high == 0)
  }

  /// Places in the histogram are finite, however small or large the numbers are.
  @Test(arguments: [Float.leastNonzeroMagnitude, 0x1p-140, 6e-36, 1e38, .greatestFiniteMagnitude])
  func numbersMayBeOfAnySize(largest: Float) {
    let made = histogram((1...64).map { Float($0) / 64 * largest }, [-largest / 2, largest])
    let range = made.range()
    #expect(range.low <= 0 && range.high > 0 && range.high <= largest)
    #expect(range.high >= 0.9 * largest && !made.isBroken)
    let twice = histogram([.leastNonzeroMagnitude], [1e-30], [1], [.greatestFiniteMagnitude])
    #expect(twice.range().high.isFinite && twice.high == .greatestFiniteMagnitude)
  }

  @Test func numbersThatAreNoneAreNoted() {
    #expect(histogram([1, .nan]).isBroken)
    let broken = histogram([1, -.infinity], [.nan, 2])
    #expect(broken.isBroken && broken.low == 0 && broken.high == 2)
    #expect(histogram([.infinity]).isBroken)
    #expect(!histogram([1]).isBroken)
  }
}
