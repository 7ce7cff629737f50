/// A point in UTC written as RFC 3339 with microseconds.
struct Timestamp {
  /// Since 1970.
  let microseconds: Int

  /// `2026-11-20T11:30:00.123456Z`
  func append(to line: inout [UInt8]) {
    // Civil date from a day count: days are shifted to an era that starts on 1 March 0000, so
    // that the leap day comes last (H. Hinnant, "chrono-compatible low-level date algorithms").
    let shifted = microseconds / 86_400_000_000 + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    Timestamp.append(year, digits: 4, to: &line)
    line.append(UInt8(ascii: "-"))
    Timestamp.append(month, digits: 2, to: &line)
    line.append(UInt8(ascii: "-"))
    Timestamp.append(day, digits: 2, to: &line)
    line.append(UInt8(ascii: "T"))
    appendTimeOfDay(to: &line)
    line.append(UInt8(ascii: "Z"))
  }

  /// `11:30:00.123456`
  func appendTimeOfDay(to line: inout [UInt8]) {
    let seconds = microseconds / 1_000_000 % 86_400
    Timestamp.append(seconds / 3600, digits: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    Timestamp.append(seconds / 60 % 60, digits: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    Timestamp.append(seconds % 60, digits: 2, to: &line)
    line.append(UInt8(ascii: "."))
    Timestamp.append(microseconds % 1_000_000, digits: 6, to: &line)
  }

  private static func append(_ number: Int, digits: Int, to line: inout [UInt8]) {
    var scale = 1
    for _ in 1..<digits { scale *= 10 }
    while scale > 0 {
      line.append(UInt8(ascii: "0") + UInt8(number / scale % 10))
      scale /= 10
    }
  }
}
