import Foundation
import Testing
import Time

@Suite struct CalendarTests {
  private static var utc: Calendar {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = TimeZone(secondsFromGMT: 0)!
    return calendar
  }

  /// Against Foundation's calendar, over four hundred years in steps that meet every weekday and
  /// month's end.
  @Test func daysAndMonthsAreFoundations() {
    let calendar = Self.utc
    for number in stride(from: 0, to: 146_097, by: 13) {
      let day = CalendarDay(number: number)
      let date = Date(timeIntervalSince1970: Double(number) * 86_400)
      let parts = calendar.dateComponents([.year, .month, .day], from: date)
      let text = String(format: "%04d-%02d-%02d", parts.year!, parts.month!, parts.day!)
      #expect(day.description == text)
      #expect(CalendarDay(text) == day)
      #expect(day.month == CalendarMonth(year: parts.year!, month: parts.month!))
      #expect(day.month.length == calendar.range(of: .day, in: .month, for: date)!.count * 86_400)
      #expect(day.month.firstDay <= day && day < day.month.next.firstDay)
    }
  }

  @Test func aDayBeginsAtItsFirstMicrosecond() throws {
    let day = try #require(CalendarDay("2026-11-20"))
    #expect(day.start.day == day)
    #expect(UnixTime(microseconds: day.start.microseconds - 1).day.description == "2026-11-19")
    #expect(UnixTime(microseconds: -1).day.description == "1969-12-31")
    #expect(day.month.description == "2026-11")
  }

  @Test(arguments: [
    "", "2026-11-31", "2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-01-01 ",
  ])
  func whatIsNoDayIsRefused(text: String) { #expect(CalendarDay(text) == nil) }
}
