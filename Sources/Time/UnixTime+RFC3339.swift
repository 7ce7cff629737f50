// time = date "T" time-of-day [ "." digits ] offset          date = 2026-11-20
// time-of-day = 14:45:00                                     offset = "Z" / ( "+" / "-" ) 01:30

/// Points in time as text (RFC 3339), in UTC.
extension UnixTime {
  /// How much of a second a text tells.
  package enum Detail: Sendable {
    case seconds
    /// Three digits where they are not all zero.
    case milliseconds
    /// Always six digits.
    case microseconds
  }

  /// What four-digit years can say since 1970.
  package static let writable = UnixTime(seconds: 0)...UnixTime(seconds: 253_402_300_799)

  /// `2026-11-20T14:45:00Z`; what is finer than `detail` is cut off.
  package func text(_ detail: Detail) -> String {
    var text: [UInt8] = []
    append(to: &text, detail)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends `text(_:)`.
  package func append(to text: inout [UInt8], _ detail: Detail) {
    day.append(to: &text)
    text.append(UInt8(ascii: "T"))
    appendTimeOfDay(to: &text, detail)
    text.append(UInt8(ascii: "Z"))
  }

  /// Appends `14:45:00`.
  package func appendTimeOfDay(to text: inout [UInt8], _ detail: Detail) {
    let rest = Int(microseconds - day.start.microseconds)
    let seconds = rest / 1_000_000
    text.append(seconds / 3600, digits: 2)
    text.append(UInt8(ascii: ":"))
    text.append(seconds / 60 % 60, digits: 2)
    text.append(UInt8(ascii: ":"))
    text.append(seconds % 60, digits: 2)
    let fraction = rest % 1_000_000
    switch detail {
    case .seconds: return
    case .milliseconds where fraction < 1000: return
    case .milliseconds:
      text.append(UInt8(ascii: "."))
      text.append(fraction / 1000, digits: 3)
    case .microseconds:
      text.append(UInt8(ascii: "."))
      text.append(fraction, digits: 6)
    }
  }

  /// Reads a date, which means its first moment, or a date and time with its offset; nil for
  /// anything else, and outside of `writable`. Digits below microseconds are cut off.
  package init?(rfc3339 text: String) {
    var rest = Array(text.utf8)[...]
    guard let day = CalendarDay(String(decoding: rest.prefix(10), as: UTF8.self)) else {
      return nil
    }
    rest = rest.dropFirst(10)
    var time = day.start
    if !rest.isEmpty {
      guard let sinceMidnight = Self.timeOfDay(&rest), let offset = Self.offset(&rest),
        rest.isEmpty
      else { return nil }
      time = UnixTime(microseconds: time.microseconds + sinceMidnight - offset)
    }
    guard Self.writable.contains(time) else { return nil }
    self = time
  }

  // MARK: Parts, in microseconds

  private static func timeOfDay(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    guard take("T", &rest) || take("t", &rest) || take(" ", &rest),
      let hour = number(&rest, 2), take(":", &rest), let minute = number(&rest, 2),
      take(":", &rest), let second = number(&rest, 2), hour < 24, minute < 60, second <= 60,
      let fraction = fraction(&rest)
    else { return nil }
    return (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction
  }

  private static func fraction(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    guard take(".", &rest) else { return 0 }
    guard let first = rest.first, isDigit(first) else { return nil }
    var (value, unit) = (Int64(0), Int64(100_000))
    while let digit = rest.first, isDigit(digit) {
      value += Int64(digit - UInt8(ascii: "0")) * unit
      unit /= 10
      rest.removeFirst()
    }
    return value
  }

  /// East of UTC.
  private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    if take("Z", &rest) || take("z", &rest) { return 0 }
    let sign: Int64 = take("+", &rest) ? 1 : take("-", &rest) ? -1 : 0
    guard sign != 0, let hours = number(&rest, 2), take(":", &rest),
      let minutes = number(&rest, 2), hours < 24, minutes < 60
    else { return nil }
    return sign * (hours * 3600 + minutes * 60) * 1_000_000
  }

  private static func take(_ character: Unicode.Scalar, _ rest: inout ArraySlice<UInt8>) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest.removeFirst()
    return true
  }

  private static func number(_ rest: inout ArraySlice<UInt8>, _ digits: Int) -> Int64? {
    guard rest.count >= digits, rest.prefix(digits).allSatisfy(isDigit) else { return nil }
    defer { rest.removeFirst(digits) }
    return rest.prefix(digits).reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
