// Days since 1970 to civil dates and back: days are shifted to an era that starts on 1 March 0000,
// so that the leap day comes last (H. Hinnant, "chrono-compatible low-level date algorithms").

/// A day of the Gregorian calendar, UTC.
package struct CalendarDay: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Since 1 January 1970.
  package let number: Int

  package init(number: Int) { self.number = number }

  /// Reads `2026-11-20`; nil for anything else, and for days that the calendar lacks.
  package init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
      parts[2].utf8.count == 2, let year = Int(parts[0]), let month = Int(parts[1]),
      let day = Int(parts[2]), year > 0, (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    self.init(number: CalendarMonth(year: year, month: month).firstDay.number + day - 1)
    guard description == text else { return nil }
  }

  package var start: UnixTime { UnixTime(seconds: Int64(number) * 86_400) }
  package var month: CalendarMonth { CalendarMonth(year: civil.year, month: civil.month) }

  /// `2026-11-20`
  package var description: String {
    var text: [UInt8] = []
    append(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends `description`.
  func append(to text: inout [UInt8]) {
    let (year, month, day) = civil
    text.append(year, digits: 4)
    text.append(UInt8(ascii: "-"))
    text.append(month, digits: 2)
    text.append(UInt8(ascii: "-"))
    text.append(day, digits: 2)
  }

  package static func < (left: CalendarDay, right: CalendarDay) -> Bool {
    left.number < right.number
  }

  private var civil: (year: Int, month: Int, day: Int) {
    let shifted = number + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
  }
}

/// A month of the Gregorian calendar, UTC.
package struct CalendarMonth: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Months since January of the year 0.
  package let number: Int

  package init(number: Int) { self.number = number }
  /// - Parameter month: 1 for January.
  package init(year: Int, month: Int) { self.init(number: year * 12 + month - 1) }

  package var next: CalendarMonth { CalendarMonth(number: number + 1) }
  package var start: UnixTime { firstDay.start }
  /// In seconds.
  package var length: Int { 86_400 * (next.firstDay.number - firstDay.number) }

  package var firstDay: CalendarDay {
    let month = number % 12 + 1
    let year = number / 12 - (month <= 2 ? 1 : 0)
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return CalendarDay(number: era * 146_097 + dayOfEra - 719_468)
  }

  /// `2026-11`
  package var description: String { String(firstDay.description.dropLast(3)) }

  package static func < (left: CalendarMonth, right: CalendarMonth) -> Bool {
    left.number < right.number
  }
}
