import Testing

@testable import RPC

@Suite struct ReadPaceTests {
  @Test func readsInFullWhatIsQuicklyDone() {
    var pace = ReadPace()
    pace.took(bytes: ReadPace.largest, calls: ReadPace.callShare, nanoseconds: ReadPace.timeShare)
    #expect(pace.limit == ReadPace.largest)
  }

  @Test func readsLessOfManyCalls() {
    var pace = ReadPace()
    pace.took(bytes: 8_000, calls: 4 * ReadPace.callShare, nanoseconds: 0)
    #expect(pace.limit == 2_000)
    pace.took(bytes: 2_000, calls: ReadPace.callShare, nanoseconds: 0)
    #expect(pace.limit == 2_000)
  }

  @Test func readsLessOfWhatTakesLong() {
    var pace = ReadPace()
    pace.took(bytes: 16_384, calls: 1, nanoseconds: 8 * ReadPace.timeShare)
    #expect(pace.limit == 2_048)
    pace.took(bytes: 2_048, calls: 1, nanoseconds: 1_000 * ReadPace.timeShare)
    #expect(pace.limit == ReadPace.smallest)
  }

  /// A read that happened to be small does not make the next ones larger than they may be.
  @Test func recoversByDoubling() {
    var pace = ReadPace()
    pace.took(bytes: 4_096, calls: 1, nanoseconds: 2 * ReadPace.timeShare)
    for expected in [4_096, 8_192, 16_384, 32_768, 65_536, 65_536] {
      pace.took(bytes: 100, calls: 1, nanoseconds: 1_000)
      #expect(pace.limit == expected)
    }
  }
}
