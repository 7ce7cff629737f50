import Testing

@testable import RPC

@Suite struct TimeoutTests {
  static func parse(_ text: String) -> Int64? {
    Array(text.utf8).withUnsafeBytes { Timeout.parse($0) }
  }

  @Test(arguments: [
    ("1H", 3_600_000_000_000), ("2M", 120_000_000_000), ("3S", 3_000_000_000), ("4m", 4_000_000),
    ("5u", 5_000), ("6n", 6), ("0n", 0), ("00000001S", 1_000_000_000),
    ("99999999m", 99_999_999_000_000), ("99999999H", Int64.max),
  ])
  func readsEveryUnit(text: String, nanoseconds: Int64) {
    #expect(Self.parse(text) == nanoseconds)
    #expect(Timeout.Field(Array(text.utf8)).nanoseconds == nanoseconds)
  }

  @Test(arguments: ["", "S", "1", "1s", "-1S", "1 S", "999999999S", "1.5S", "1SS", "١S", "1h"])
  func refusesAnythingElse(text: String) {
    #expect(Self.parse(text) == nil)
    #expect(Timeout.Field(Array(text.utf8)) == (text.isEmpty ? .absent : .malformed))
  }

  @Test(arguments: [
    Int64(0), 1, 99_999_999, 100_000_000, 1_500_000_000, 86_400_000_000_000, Int64.max, -5,
  ])
  func formatsWhatItReadsBack(nanoseconds: Int64) throws {
    let text = Timeout.format(nanoseconds)
    #expect((2...9).contains(text.utf8.count))
    let back = try #require(Self.parse(text))
    let expected = max(0, nanoseconds)
    #expect(back <= expected)
    // Eight digits keep the error under a millionth.
    #expect(expected - back <= expected / 1_000_000)
  }
}
