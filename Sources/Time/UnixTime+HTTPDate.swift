// date = "Sun, 06 Nov 1994 08:49:37 GMT"

/// Points in time as HTTP's header fields have them (IMF-fixdate: RFC 9110, section 5.6.7).
extension UnixTime {
  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// What is finer than a second is cut off.
  package var httpDate: String {
    // 1 January 1970 was a Thursday.
    let weekday = Self.weekdays[((day.number + 4) % 7 + 7) % 7]
    let parts = day.description.split(separator: "-")
    let month = Self.months[(Int(parts[1]) ?? 1) - 1]
    var time: [UInt8] = []
    appendTimeOfDay(to: &time, .seconds)
    let clock = String(decoding: time, as: UTF8.self)
    return "\(weekday), \(parts[2]) \(month) \(parts[0]) \(clock) GMT"
  }

  /// Reads what `httpDate` writes, from 1970 on; nil for anything else.
  package init?(httpDate text: String) {
    let parts = text.split(separator: " ")
    guard parts.count == 6, let month = Self.months.firstIndex(of: String(parts[2])) else {
      return nil
    }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    guard let time = UnixTime(rfc3339: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z"),
      time.httpDate == text
    else { return nil }
    self = time
  }
}
