import Testing
import Time

@Suite struct DurationTests {
  /// On both sides of what 64 bits of attoseconds hold, and of zero.
  @Test(arguments: [0, 1, 999, 9_223_372, 9_223_373, 90_000_000_000])
  func wholeUnits(microseconds: Int64) {
    let time = Duration.microseconds(microseconds) + .nanoseconds(microseconds == 0 ? 0 : 999)
    #expect(time.microseconds == microseconds)
    #expect(time.nanoseconds == UInt64(microseconds) * 1_000 + (microseconds == 0 ? 0 : 999))
    #expect((Duration.zero - time).nanoseconds == 0)
    #expect((Duration.zero - time).microseconds == -microseconds)
  }
}
