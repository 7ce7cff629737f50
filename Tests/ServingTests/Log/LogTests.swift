import Foundation
import RPC
import Testing

@testable import Serving

@Suite struct LogTests {
  private let fields: [LogEntry.Field] = [
    ("request_id", "a\"b\\c\nd\u{1}é"), ("count", 7), ("ms", .number(1.25)), ("ok", .flag(true)),
    ("nothing", .number(.infinity)), ("less", .number(-0.5)),
  ]

  @Test func jsonLinesParse() throws {
    var line: [UInt8] = []
    LogEntry(level: .info, event: "call", fields: fields, microseconds: 1_763_638_200_123_456)
      .appendJSON(to: &line)
    #expect(line.last == 10 && line.filter { $0 == 10 }.count == 1)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    #expect(object["time"] as? String == "2025-11-20T11:30:00.123456Z")
    #expect(object["request_id"] as? String == "a\"b\\c\nd\u{1}é")
    #expect(object["count"] as? Int == 7)
    #expect(object["ms"] as? Double == 1.25)
    #expect(object["less"] as? Double == -0.5)
    #expect(object["nothing"] is NSNull)
  }

  @Test func humanLinesStayOneLine() {
    var line: [UInt8] = []
    LogEntry(level: .warning, event: "call", fields: fields, microseconds: 0).appendHuman(to: &line)
    let text = String(decoding: line, as: UTF8.self)
    #expect(text.hasPrefix("00:00:00.000000 WARNING: call request_id=\"a\\\"b"))
    #expect(text.filter { $0 == "\n" }.count == 1)
  }

  @Test func jsonTextsAreHarmlessToo() throws {
    let text = "a\u{202E}b\u{9B}2J\u{85}\u{2028}\u{1B}\u{E0041}caf\u{e9}\"\n"
    var line: [UInt8] = []
    LogEntry(level: .info, event: "call", fields: [("path", .text(text))], microseconds: 0)
      .appendJSON(to: &line)
    let shown = #"a\u202eb\u009b2J\u0085\u2028\u001b\udb40\udc41caf\#u{e9}\"\n"#
    #expect(String(decoding: line, as: UTF8.self).contains(shown))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    #expect(object["path"] as? String == text)
  }

  /// What a stranger writes must not look like another line, another field, or another order.
  @Test(arguments: [
    ("plain", "plain"), ("", "\"\""), ("two words", "\"two words\""), ("caf\u{e9}", "caf\u{e9}"),
    ("\u{1F600}", "\u{1F600}"), ("back\\slash", "back\\slash"), ("a\"b", "\"a\\\"b\""),
    ("a\nb\r\t\\", "\"a\\nb\\r\\t\\\\\""), ("\u{1B}[2J", "\"\\u{1b}[2J\""),
    ("\u{7F}", "\"\\u{7f}\""), ("\u{85}next", "\"\\u{85}next\""), ("\u{9B}2J", "\"\\u{9b}2J\""),
    ("a\u{202E}b", "\"a\\u{202e}b\""), ("\u{2066}x\u{2069}", "\"\\u{2066}x\\u{2069}\""),
    ("\u{2028}", "\"\\u{2028}\""), ("\u{200B}\u{FEFF}", "\"\\u{200b}\\u{feff}\""),
    ("\u{A0}", "\"\u{A0}\""), ("\u{E0041}", "\"\\u{e0041}\""),
  ])
  func humanTextsAreHarmless(text: String, shown: String) {
    var line: [UInt8] = []
    LogEntry(level: .info, event: "call", fields: [("path", .text(text))], microseconds: 0)
      .appendHuman(to: &line)
    #expect(String(decoding: line, as: UTF8.self) == "00:00:00.000000 call path=\(shown)\n")
  }

  @Test func refusedConnectionsAreWarnedOf() throws {
    let pipe = Pipe()
    let log = try Log(
      format: .human, threshold: .info, descriptor: pipe.fileHandleForWriting.fileDescriptor)
    ConnectionLog(log: log).connectionsRefused(RefusedConnections(count: 3, reason: "no more"))
    log.close()
    try pipe.fileHandleForWriting.close()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text.hasSuffix(" WARNING: connections refused count=3 reason=\"no more\"\n"))
  }

  @Test func everyEntryArrivesOnceAndInOrder() throws {
    let pipe = Pipe()
    let log = try Log(
      format: .human, threshold: .info, descriptor: pipe.fileHandleForWriting.fileDescriptor)
    let reader = Once<Data>()
    let thread = Thread { reader.set(pipe.fileHandleForReading.readDataToEndOfFile()) }
    thread.start()
    for number in 0..<5000 { log.info("n", ("i", .integer(number))) }
    log.debug("below the threshold")
    log.close()
    try pipe.fileHandleForWriting.close()
    let lines = String(decoding: reader.wait(), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 5000)
    #expect(lines.enumerated().allSatisfy { $1.hasSuffix("i=\($0)") })
  }

  @Test func aFullBufferDropsAndSaysSo() throws {
    // Nobody reads this pipe: the writer blocks, the caller must not.
    let pipe = Pipe()
    let log = try Log(
      format: .json, threshold: .info, descriptor: pipe.fileHandleForWriting.fileDescriptor,
      limit: 4096)
    for number in 0..<100_000 { log.info("n", ("i", .integer(number))) }
    let reader = Once<Data>()
    let thread = Thread { reader.set(pipe.fileHandleForReading.readDataToEndOfFile()) }
    thread.start()
    log.close()
    try? pipe.fileHandleForWriting.close()
    #expect(String(decoding: reader.wait(), as: UTF8.self).contains("log lines dropped"))
  }
}

/// A value set once by another thread.
private final class Once<Value: Sendable>: @unchecked Sendable {
  // Every access holds the condition's lock.
  private let condition = NSCondition()
  private var value: Value?
  func set(_ new: Value) {
    condition.withLock {
      value = new
      condition.broadcast()
    }
  }
  func wait() -> Value {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let value { return value }
      condition.wait()
    }
  }
}
