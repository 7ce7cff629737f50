import Foundation
import REST
import RPC
import TestSupport
import Testing

@testable import Serving

@Suite struct LimitFlagTests {
  @Test func everyLimitHasOneFlag() {
    #expect(LimitFlags.grpc.map(\.name).sorted() == Limit.allCases.map(\.rawValue).sorted())
    #expect(LimitFlags.http.map(\.name).sorted() == HTTPLimit.allCases.map(\.rawValue).sorted())
  }

  @Test func everyFlagIsDocumentedWithItsDefault() throws {
    let path = "\(Fixture.package)/docs/configuration.md"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `--") }
    let flags =
      LimitFlags.grpc.map { ($0.name, $0.initial) } + LimitFlags.http.map { ($0.name, $0.initial) }
      + LimitFlags.server.map { ($0.name, $0.initial) }
      + LimitFlags.jobs.map { ($0.name, $0.initial) }
    for (name, initial) in flags {
      let row = try #require(rows.first { $0.hasPrefix("| `--\(name)` ") }, "\(name)")
      #expect(row.contains(" `\(initial)` "), "\(name)")
    }
  }

  @Test func takesItsDefaultAndItsBounds() throws {
    try LimitFlags.grpc.forEach(takesItsDefaultAndItsBounds)
    try LimitFlags.http.forEach(takesItsDefaultAndItsBounds)
    try LimitFlags.server.forEach(takesItsDefaultAndItsBounds)
    try LimitFlags.jobs.forEach(takesItsDefaultAndItsBounds)
  }

  private func takesItsDefaultAndItsBounds<Limits>(_ flag: LimitFlag<Limits>) throws {
    let bounds = flag.expected.split(separator: " ").suffix(3)
    let least = String(try #require(bounds.first))
    let most = String(try #require(bounds.last))
    var limits = Limits()
    for text in [least, most, flag.initial] {
      #expect(flag.set(text, in: &limits), "\(flag.name) \(text)")
    }
    #expect(fields(limits) == fields(Limits()))
    for text in ["", "0", "-1", "many", "99999999TiB", most + "0", "1e3"] where text != least {
      #expect(!flag.set(text, in: &limits), "\(flag.name) \(text)")
    }
  }

  @Test func setsItsOwnFieldOnly() {
    LimitFlags.grpc.forEach(setsItsOwnFieldOnly)
    LimitFlags.http.forEach(setsItsOwnFieldOnly)
    LimitFlags.server.forEach(setsItsOwnFieldOnly)
    LimitFlags.jobs.forEach(setsItsOwnFieldOnly)
  }

  private func setsItsOwnFieldOnly<Limits>(_ flag: LimitFlag<Limits>) {
    var limits = Limits()
    let before = fields(limits)
    let bounds = flag.expected.split(separator: " ").suffix(3).map(String.init)
    #expect(flag.set(bounds[0] == flag.initial ? bounds[2] : bounds[0], in: &limits))
    #expect(zip(before, fields(limits)).count { $0 != $1 } == 1, "\(flag.name)")
  }

  private func fields<Limits>(_ limits: Limits) -> [String] {
    Mirror(reflecting: limits).children.map { "\($0.value)" }
  }

  @Test func aServerIsNeverStuckAtOnce() throws {
    let flag = try #require(LimitFlags.server.first { $0.name == "stuck-after" })
    var configuration = ServerConfiguration()
    #expect(!flag.set("0", in: &configuration) && !flag.set("1us", in: &configuration))
    #expect(flag.set("100ms", in: &configuration) && flag.expected == "a time from 100ms to 24h")
  }

  @Test(arguments: [
    (0, "0"), (1_000, "1000"), (1_024, "1KiB"), (65_537, "65537"), (5 << 20, "5MiB"),
    (1 << 31, "2GiB"),
  ])
  func sizesAreWrittenAsTheyAreRead(bytes: Int, text: String) {
    #expect(Quantity.text(bytes: bytes) == text && Quantity.bytes(text) == bytes)
  }

  @Test(arguments: [
    (Duration.zero, "0"), (.milliseconds(100), "100ms"), (.seconds(20), "20s"),
    (.seconds(3_600), "1h"), (.microseconds(1_500), "1500us"), (.seconds(90), "90s"),
  ])
  func timesAreWrittenAsTheyAreRead(time: Duration, text: String) {
    #expect(Quantity.text(time) == text && Quantity.duration(text) == time)
  }
}
