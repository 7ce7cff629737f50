import Messages
import Testing

@testable import REST

@Suite struct TargetTests {
  @Test func splitsPathAndQuery() {
    let target = Target("/v1/models/a%20b?x=1&y=%C3%A9+z&flag&=")
    #expect(target.path == "/v1/models/a%20b")
    #expect(target.segments == ["v1", "models", "a b"])
    let query = target.query ?? []
    #expect(query.map(\.name) == ["x", "y", "flag", ""])
    #expect(query.map(\.value) == ["1", "é z", "", ""])
  }

  @Test func readsWhatProxiesSend() {
    #expect(Target("http://host:80/v1/models?x=1").path == "/v1/models")
    #expect(Target("https://host").path == "")
    #expect(Target("http://host?x=1").query?.count == 1)
  }

  @Test(arguments: ["/a%", "/a%2", "/a%zz", "/a%ff", "a", "", "*", "/%c3%28"])
  func refusesPathsThatDoNotDecode(text: String) {
    #expect(Target(text).segments == nil)
  }

  @Test(arguments: ["/?x=%", "/?%zz=1", "/?x=%ff"])
  func refusesQueriesThatDoNotDecode(text: String) {
    #expect(Target(text).query == nil)
  }

  @Test func aSlashThatIsEncodedIsNoSeparator() {
    #expect(Target("/v1/models/a%2Fb").segments == ["v1", "models", "a/b"])
    #expect(Target("/v1//models/").segments == ["v1", "", "models", ""])
  }
}

@Suite struct RequestHeaderTests {
  @Test(arguments: RequestHeader.allCases) func findsEveryNameInAnyCase(header: RequestHeader) {
    for name in [header.name, header.name.uppercased()] {
      #expect(Array(name.utf8).withUnsafeBytes { RequestHeader(name: $0) } == header)
    }
  }

  @Test(arguments: [
    "", "x", "accept2", "accepx", "content-typo", String(repeating: "a", count: 99),
  ])
  func ignoresOthers(name: String) {
    #expect(Array(name.utf8).withUnsafeBytes { RequestHeader(name: $0) } == nil)
  }

  @Test func onlyAllowedFieldsBecomeMetadata() {
    var headers = RequestHeaders()
    for header in RequestHeader.allCases { headers.append(header, "v") }
    #expect(
      headers.metadata.entries.map(\.name)
        == ["x-api-key", "authorization", "traceparent", "tracestate", "user-agent"])
  }
}

@Suite struct RFC3339Tests {
  @Test(arguments: [
    ("1970-01-01", 0.0), ("2026-11-20", 1_795_132_800), ("2000-02-29T12:00:00Z", 951_825_600),
    ("2026-11-20T14:45:00.25Z", 1_795_185_900.25), ("2026-11-20T14:45:00+01:30", 1_795_180_500),
    ("9999-12-31T23:59:59Z", 253_402_300_799),
  ])
  func reads(text: String, seconds: Double) {
    #expect(RFC3339.parse(text) == seconds)
  }

  @Test(arguments: [
    "", "2026", "2026-13-01", "2026-02-29", "2026-11-20T", "2026-11-20T25:00:00Z", "1969-12-31",
    "2026-11-20T14:45:00", "2026-11-20T14:45:00.Z", "2026-11-20T14:45:00Zz", "2026-1-2", "tomorrow",
  ])
  func refuses(text: String) {
    #expect(RFC3339.parse(text) == nil)
  }

  @Test func writesWhatItReads() {
    for seconds in stride(from: 0.0, to: 253_402_300_799, by: 86_399.5 * 997) {
      let text = RFC3339.text(seconds)
      #expect(text.flatMap(RFC3339.parse) == seconds)
    }
    #expect(RFC3339.text(1_795_185_900.25) == "2026-11-20T14:45:00.250Z")
    #expect(RFC3339.text(-1) == nil && RFC3339.text(.nan) == nil && RFC3339.text(1e12) == nil)
  }
}
