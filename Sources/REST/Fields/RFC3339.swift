internal import Time

/// Points in time as JSON has them here: text (RFC 3339), in UTC and down to milliseconds.
enum RFC3339 {
  /// Seconds since 1970 that four-digit years can say.
  static let range = 0.0...253_402_300_799.0
  static let expected =
    "expected a time such as 2026-11-20 or 2026-11-20T14:45:00Z, or seconds since 1970"

  /// `2026-11-20T14:45:00Z`, with milliseconds where there are some; nil outside of `range`.
  static func text(_ seconds: Double) -> String? {
    guard range.contains(seconds) else { return nil }
    return UnixTime(microseconds: Int64((seconds * 1000).rounded()) * 1000).text(.milliseconds)
  }

  /// Reads a date, which means its first second, or a date and time with its offset.
  static func parse(_ text: String) -> Double? {
    UnixTime(rfc3339: text).map { Double($0.microseconds) / 1e6 }
  }
}
