internal import Bytes
internal import JSON
internal import Time

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

  /// Longest text of one field in bytes; what is longer is cut.
  static let textLimit = 2048

  let level: Level
  let event: StaticString
  let fields: [Field]
  /// Since 1970, UTC.
  let microseconds: Int

  /// A JSON object on one line (RFC 8259): time, level, event, then the fields.
  func appendJSON(to line: inout [UInt8]) {
    var time: [UInt8] = []
    UnixTime(microseconds: Int64(microseconds)).append(to: &time, .microseconds)
    var json = JSONWriter(escapesInvisible: true)
    json.beginObject()
    json.key("time")
    json.string(String(decoding: time, as: UTF8.self))
    json.key("level")
    json.string(level.name)
    json.key("event")
    json.string(event.description)
    for field in fields {
      json.key(field.name.description)
      switch field.value {
      case .text(let text): json.string(VisibleText.shortened(text, bytes: LogEntry.textLimit))
      case .integer(let integer): json.integer(integer)
      case .number(let number): json.number((number * 1000).rounded() / 1000)
      case .flag(let flag): json.boolean(flag)
      }
    }
    json.endObject()
    line.append(contentsOf: json.bytes)
    line.append(UInt8(ascii: "\n"))
  }

  /// The same for a person at a terminal: time of day, event, `name=value`.
  func appendHuman(to line: inout [UInt8]) {
    UnixTime(microseconds: Int64(microseconds)).appendTimeOfDay(to: &line, .microseconds)
    line.append(contentsOf: level >= .warning ? " \(level.name.uppercased()): ".utf8 : " ".utf8)
    event.withUTF8Buffer { unsafe line.append(contentsOf: $0) }
    for field in fields {
      line.append(contentsOf: " \(field.name)=".utf8)
      switch field.value {
      case .text(let text):
        LogEntry.appendText(VisibleText.shortened(text, bytes: LogEntry.textLimit), to: &line)
      case .integer(let integer): line.append(contentsOf: String(integer).utf8)
      case .number(let number):
        line.append(contentsOf: "\((number * 1000).rounded() / 1000)".utf8)
      case .flag(let flag): line.append(contentsOf: (flag ? "yes" : "no").utf8)
      }
    }
    line.append(UInt8(ascii: "\n"))
  }
}
