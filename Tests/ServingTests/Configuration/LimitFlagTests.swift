import Foundation
import RPC
import TestSupport
import Testing

@testable import Serving

@Suite struct LimitFlagTests {
  @Test func everyLimitHasOneFlag() {
    #expect(LimitFlag.all.count == Limit.allCases.count)
    #expect(Set(LimitFlag.all.map(\.limit)) == Set(Limit.allCases))
  }

  @Test func everyFlagIsDocumentedWithItsDefault() throws {
    let text = try String(contentsOfFile: "\(Fixture.package)/docs/configuration.md", encoding: .utf8)
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `--") }
    for flag in LimitFlag.all {
      let row = try #require(rows.first { $0.hasPrefix("| `--\(flag.name)` ") }, "\(flag.name)")
      #expect(row.contains(" `\(flag.initial)` "))
    }
  }

  @Test(arguments: LimitFlag.all.indices)
  func takesItsDefaultAndItsBounds(index: Int) throws {
    let flag = LimitFlag.all[index]
    let bounds = flag.expected.split(separator: " ").suffix(3)
    let least = String(try #require(bounds.first))
    let most = String(try #require(bounds.last))
    var limits = ServerLimits()
    for text in [least, most, flag.initial] {
      #expect(flag.set(text, in: &limits), "\(flag.name) \(text)")
    }
    let all = Mirror(reflecting: limits).children.map { "\($0.value)" }
    #expect(all == Mirror(reflecting: ServerLimits()).children.map { "\($0.value)" })
    for text in ["", "0", "-1", "many", "99999999TiB", most + "0", "1e3"] {
      #expect(!flag.set(text, in: &limits), "\(flag.name) \(text)")
    }
  }

  @Test func setsItsOwnFieldOnly() {
    for flag in LimitFlag.all {
      var limits = ServerLimits()
      let before = Mirror(reflecting: limits).children.map { "\($0.value)" }
      let least = flag.expected.split(separator: " ").dropLast(2).last.map(String.init) ?? ""
      #expect(flag.set(least, in: &limits))
      let after = Mirror(reflecting: limits).children.map { "\($0.value)" }
      #expect(zip(before, after).count { $0 != $1 } == 1, "\(flag.name)")
    }
  }

  @Test(arguments: [
    (0, "0"), (1_000, "1000"), (1_024, "1KiB"), (65_537, "65537"), (5 << 20, "5MiB"), (1 << 31, "2GiB"),
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
