/// Points in time as text (RFC 3339), in UTC and down to milliseconds.
///
/// Days are counted as in H. Hinnant's "chrono-compatible low-level date algorithms".
enum RFC3339 {
  /// Seconds since 1970 that four-digit years can say.
  static let range = 0.0...253_402_300_799.0
  static let expected =
    "expected a time such as 2026-11-20 or 2026-11-20T14:45:00Z, or seconds since 1970"

  /// `2026-11-20T14:45:00Z`, with milliseconds where there are some; nil outside of `range`.
  static func text(_ seconds: Double) -> String? {
    guard range.contains(seconds) else { return nil }
    let milliseconds = Int((seconds * 1000).rounded())
    let (days, rest) = (milliseconds / 86_400_000, milliseconds % 86_400_000)
    let (year, month, day) = civil(days)
    var text = "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T"
    let second = rest / 1000
    text += "\(pad(second / 3600, 2)):\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2))"
    if rest % 1000 != 0 { text += ".\(pad(rest % 1000, 3))" }
    return text + "Z"
  }

  /// Reads a date, which means its first second, or a date and time with its offset.
  static func parse(_ text: String) -> Double? {
    var rest = Array(text.utf8)[...]
    guard let year = number(&rest, 4), take("-", &rest), let month = number(&rest, 2),
      take("-", &rest), let day = number(&rest, 2), (1...12).contains(month),
      (1...length(of: month, year)).contains(day), year >= 1970
    else { return nil }
    let date = Double(days(year, month, day)) * 86_400
    guard !rest.isEmpty else { return date }
    guard take("T", &rest) || take("t", &rest) || take(" ", &rest),
      let hour = number(&rest, 2), take(":", &rest), let minute = number(&rest, 2),
      take(":", &rest), let second = number(&rest, 2), hour < 24, minute < 60, second <= 60
    else { return nil }
    guard let fraction = fraction(&rest), let offset = offset(&rest), rest.isEmpty else {
      return nil
    }
    let seconds = date + Double(hour * 3600 + minute * 60 + second - offset) + fraction
    return range.contains(seconds) ? seconds : nil
  }

  // MARK: Parts

  private static func fraction(_ rest: inout ArraySlice<UInt8>) -> Double? {
    guard take(".", &rest) else { return 0 }
    var value = 0.0
    var scale = 0.1
    guard let first = rest.first, isDigit(first) else { return nil }
    while let digit = rest.first, isDigit(digit) {
      value += Double(digit - UInt8(ascii: "0")) * scale
      scale /= 10
      rest.removeFirst()
    }
    return value
  }

  /// Seconds east of UTC.
  private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int? {
    if take("Z", &rest) || take("z", &rest) { return 0 }
    let sign = take("+", &rest) ? 1 : take("-", &rest) ? -1 : 0
    guard sign != 0, let hours = number(&rest, 2), take(":", &rest),
      let minutes = number(&rest, 2), hours < 24, minutes < 60
    else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }

  private static func take(_ character: Unicode.Scalar, _ rest: inout ArraySlice<UInt8>) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest.removeFirst()
    return true
  }

  private static func number(_ rest: inout ArraySlice<UInt8>, _ digits: Int) -> Int? {
    guard rest.count >= digits, rest.prefix(digits).allSatisfy(isDigit) else { return nil }
    defer { rest.removeFirst(digits) }
    return rest.prefix(digits).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func pad(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }

  // MARK: Days since 1970

  private static func length(of month: Int, _ year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
  }

  private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
  }
}
