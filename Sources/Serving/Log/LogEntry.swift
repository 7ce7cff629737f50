/// One structured line: what happened, how bad it is, and named facts about it.
package struct LogEntry: Sendable {
  package enum Level: Int, Sendable, Comparable, CaseIterable {
    case debug, info, warning, error
    package static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    package var name: String { String(describing: self) }
  }

  package enum Value: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case text(String), integer(Int), number(Double), flag(Bool)
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
  }

  package typealias Field = (name: StaticString, value: Value)

  let level: Level
  let event: StaticString
  let fields: [Field]
  /// Since 1970, UTC.
  let microseconds: Int

  /// A JSON object on one line (RFC 8259): time, level, event, then the fields.
  func appendJSON(to line: inout [UInt8]) {
    line.append(contentsOf: #"{"time":""#.utf8)
    Timestamp(microseconds: microseconds).append(to: &line)
    line.append(contentsOf: #"","level":""#.utf8)
    line.append(contentsOf: level.name.utf8)
    line.append(contentsOf: #"","event":"#.utf8)
    LogEntry.appendQuoted(event.description, to: &line)
    for field in fields {
      line.append(UInt8(ascii: ","))
      LogEntry.appendQuoted(field.name.description, to: &line)
      line.append(UInt8(ascii: ":"))
      switch field.value {
      case .text(let text): LogEntry.appendQuoted(text, to: &line)
      case .integer(let integer): line.append(contentsOf: String(integer).utf8)
      case .number(let number): LogEntry.appendNumber(number, to: &line)
      case .flag(let flag): line.append(contentsOf: (flag ? "true" : "false").utf8)
      }
    }
    line.append(contentsOf: "}\n".utf8)
  }

  /// The same for a person at a terminal: time of day, event, `name=value`.
  func appendHuman(to line: inout [UInt8]) {
    Timestamp(microseconds: microseconds).appendTimeOfDay(to: &line)
    line.append(contentsOf: level >= .warning ? " \(level.name.uppercased()): ".utf8 : " ".utf8)
    event.withUTF8Buffer { unsafe line.append(contentsOf: $0) }
    for field in fields {
      line.append(contentsOf: " \(field.name)=".utf8)
      switch field.value {
      case .text(let text):
        let plain = text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x7F }
        if plain, !text.isEmpty {
          line.append(contentsOf: text.utf8)
        } else {
          LogEntry.appendQuoted(text, to: &line)
        }
      case .integer(let integer): line.append(contentsOf: String(integer).utf8)
      case .number(let number): LogEntry.appendNumber(number, to: &line)
      case .flag(let flag): line.append(contentsOf: (flag ? "yes" : "no").utf8)
      }
    }
    line.append(UInt8(ascii: "\n"))
  }

  /// Three decimals are enough for milliseconds; JSON has no infinities.
  static func appendNumber(_ number: Double, to line: inout [UInt8]) {
    guard number.isFinite, abs(number) < 1e15 else {
      line.append(contentsOf: "null".utf8)
      return
    }
    let thousandths = Int((number * 1000).rounded())
    if thousandths < 0 { line.append(UInt8(ascii: "-")) }
    let (whole, rest) = thousandths.magnitude.quotientAndRemainder(dividingBy: 1000)
    line.append(contentsOf: String(whole).utf8)
    guard rest != 0 else { return }
    line.append(contentsOf: ".".utf8)
    line.append(contentsOf: String(rest + 1000).utf8.dropFirst())
  }

  /// A JSON string; control characters escaped, so one entry is always one line.
  static func appendQuoted(_ text: String, to line: inout [UInt8]) {
    let hex = Array("0123456789abcdef".utf8)
    line.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        line.append(UInt8(ascii: "\\"))
        line.append(byte)
      case UInt8(ascii: "\n"): line.append(contentsOf: "\\n".utf8)
      case 0..<0x20, 0x7F:
        line.append(contentsOf: "\\u00".utf8)
        line.append(hex[Int(byte >> 4)])
        line.append(hex[Int(byte & 15)])
      default: line.append(byte)
      }
    }
    line.append(UInt8(ascii: "\""))
  }
}
