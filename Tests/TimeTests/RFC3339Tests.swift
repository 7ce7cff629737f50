import Testing
import Time

@Suite struct RFC3339Tests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000000Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
    (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"), (-1, "1969-12-31T23:59:59.999999Z"),
    (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
  ])
  func everyMicrosecondCanBeTold(_ microseconds: Int64, text: String) {
    #expect(UnixTime(microseconds: microseconds).text(.microseconds) == text)
  }

  @Test func coarserTextsAreCutOff() {
    let time = UnixTime(microseconds: 1_795_185_900_250_999)
    #expect(time.text(.milliseconds) == "2026-11-20T14:45:00.250Z")
    #expect(time.text(.seconds) == "2026-11-20T14:45:00Z")
    #expect(UnixTime(seconds: 1_795_185_900).text(.milliseconds) == "2026-11-20T14:45:00Z")
    var text: [UInt8] = []
    time.appendTimeOfDay(to: &text, .microseconds)
    #expect(String(decoding: text, as: UTF8.self) == "14:45:00.250999")
  }

  @Test func whatIsWrittenIsReadBack() {
    let end = UnixTime.writable.upperBound.microseconds
    for microseconds in stride(from: 0, to: end, by: 86_399_123_457_891) {
      let time = UnixTime(microseconds: microseconds)
      #expect(UnixTime(rfc3339: time.text(.microseconds)) == time)
    }
  }

  @Test(arguments: [
    ("2026-11-20", 1_795_132_800_000_000), ("2026-11-20T14:45:00.25Z", 1_795_185_900_250_000),
    ("2026-11-20t14:45:00z", 1_795_185_900_000_000),
    ("2026-11-20 14:45:00+01:30", 1_795_180_500_000_000),
    ("2026-11-20T14:45:00.1234567-00:00", 1_795_185_900_123_456),
  ])
  func reads(text: String, microseconds: Int64) {
    #expect(UnixTime(rfc3339: text) == UnixTime(microseconds: microseconds))
  }

  @Test(arguments: [
    "", "2026", "2026-02-29", "2026-11-20T", "2026-11-20T24:00:00Z", "2026-11-20T14:45:00",
    "2026-11-20T14:45:00.Z", "2026-11-20T14:45:00+1:30", "1969-12-31", "9999-12-31T23:59:59.1Z",
  ])
  func refuses(text: String) { #expect(UnixTime(rfc3339: text) == nil) }
}
