import Testing

@testable import Serving

@Suite struct QuantityTests {
  @Test(arguments: [
    (0, "0"), (1_000, "1000"), (1_024, "1KiB"), (65_537, "65537"), (5 << 20, "5MiB"),
    (1 << 31, "2GiB"),
  ])
  func sizesAreWrittenAsTheyAreRead(bytes: Int, text: String) {
    #expect(Quantity.text(bytes: bytes) == text && Quantity.bytes(text) == bytes)
  }

  @Test(arguments: [
    (0, "0 bytes"), (1_023, "1023 bytes"), (1_024, "1.0 KiB"), (22_405, "21.9 KiB"),
    (46_827_520, "44.7 MiB"), (3 << 30, "3.0 GiB"),
  ])
  func sizesAreRoundedForPeople(bytes: Int, text: String) {
    #expect(Quantity.rounded(bytes: bytes) == text)
  }

  @Test(arguments: [
    (Duration.zero, "0"), (.milliseconds(100), "100ms"), (.seconds(20), "20s"),
    (.seconds(3_600), "1h"), (.microseconds(1_500), "1500us"), (.seconds(90), "90s"),
  ])
  func timesAreWrittenAsTheyAreRead(time: Duration, text: String) {
    #expect(Quantity.text(time) == text && Quantity.duration(text) == time)
  }

  @Test(arguments: [
    ("0", 0.0), ("250us", 0.00025), ("2ms", 0.002), ("1.5s", 1.5), ("5m", 300), ("1h", 3600),
  ])
  func durations(_ text: String, seconds: Double) {
    #expect(Quantity.duration(text) == .nanoseconds(Int64(seconds * 1e9)))
  }

  @Test(arguments: ["", "5", "-1s", "nans", "1e3s", "0x1s", "s", "99999999999h"])
  func noDurations(_ text: String) { #expect(Quantity.duration(text) == nil) }
}
