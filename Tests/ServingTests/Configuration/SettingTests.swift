import Foundation
import REST
import RPC
import TestSupport
import Testing

@testable import Serving

/// Values of settings for tests: another than the default, and the bounds where there are some.
enum Samples {
  private static let special = [
    "models": "/srv/my models,s3://bucket/models", "s3-cache": "/var/cache/apus",
    "tls-certificate": "/srv/server.pem", "tls-key": "/srv/server.key",
    "tls-client-ca": "/srv/ca.pem",
    "grpc": "unix:/run/apus.sock", "http": "[::1]:9000",
    "http-origins": "https://a.example,*", "database": "memory", "jobs-database": "off",
    "webhook-allow": "10.2.0.0/16,hooks.internal", "webhook-delays": "1s,90s",
    "allow-anonymous": "true", "readiness": "any", "log-format": "json", "log-level": "error",
    "call-log": "none", "description": "says: \"hello\"\tWörld # 1", "chat_template": "{{ x }}\n",
    "keep_versions": "7", "cache": "true", "cache_per_key": "true", "breaker_overload": "true",
    "breaker_failures": "0.25", "breaker_latency": "7ms",
  ]

  static func bounds<Root>(_ setting: Setting<Root>) -> (least: String, most: String)? {
    let words = setting.expected.split(separator: " ").map(String.init)
    guard words.count > 4, words[words.count - 2] == "to", words[words.count - 4] == "from",
      setting.placeholder.map({ ["N", "SIZE", "TIME"].contains($0) }) == true
    else { return nil }
    return (words[words.count - 3], words[words.count - 1])
  }

  static func other<Root>(_ setting: Setting<Root>) -> String {
    if let text = special[setting.name] { return text }
    guard let bounds = bounds(setting) else { return "" }
    let initial = setting.value.read(Root())
    return bounds.least == initial ? bounds.most : bounds.least
  }
}

@Suite struct SettingTests {
  @Test func everyLimitHasOneSetting() {
    let names = ServerSettings.all.map(\.name)
    for limit in Limit.allCases { #expect(names.contains(limit.rawValue)) }
    for limit in HTTPLimit.allCases { #expect(names.contains(limit.rawValue)) }
  }

  @Test func everySettingHasItsOwnFlagVariableAndKey() {
    let all = ServerSettings.all
    #expect(Set(all.map(\.name)).count == all.count)
    #expect(Set(all.map(\.variable)).count == all.count)
    #expect(Set(all.map(\.path)).count == all.count)
    for setting in all {
      #expect(setting.section != nil && !setting.help.isEmpty && !setting.expected.isEmpty)
      #expect(setting.variable.allSatisfy { "A"..."Z" ~= $0 || "0"..."9" ~= $0 || $0 == "_" })
      #expect(setting.key.allSatisfy { "a"..."z" ~= $0 || "0"..."9" ~= $0 || $0 == "_" })
      // Kubernetes makes variables of that kind of a service that is called apus.
      #expect(!setting.variable.hasSuffix("_PORT") && !setting.variable.contains("_SERVICE_"))
      #expect(!Environment.others.contains(setting.variable))
    }
    #expect(Set(ModelSettings.table.map(\.key)).count == ModelSettings.table.count)
  }

  /// Rows of docs/configuration.md: of each section's table, and of model.yaml's.
  @Test func everySettingIsDocumentedAsItIsAndNoneBesides() throws {
    let path = "\(Fixture.package)/docs/configuration.md"
    let lines = try String(contentsOfFile: path, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    func rows(_ head: String) throws -> [Substring] {
      let start = try #require(lines.firstIndex { $0.hasPrefix(head) }, "\(head)")
      return Array(lines[(start + 2)...].prefix { $0.hasPrefix("|") })
    }
    func cells(_ key: String, isLive: Bool) -> String { "| `\(key)`\(isLive ? " ↻" : "") | " }
    for section in Section.allCases {
      let settings = ServerSettings.all.filter { $0.section == section }
      let expected = settings.map { setting in
        let initial =
          setting.value.unset == nil ? "`\(setting.initial)`" : setting.initial
        return cells(setting.key, isLive: setting.change == .live)
          + "`--\(setting.name)` | \(initial) | "
      }
      let found = try rows("| `\(section.rawValue):` ")
      #expect(found.count == expected.count)
      for (row, start) in zip(found, expected) { #expect(row.hasPrefix(start), "\(start)") }
    }
    let found = try rows("| Key | Default | Meaning |")
    let table = ModelSettings.table
    #expect(found.count == table.count)
    for setting in table {
      let start = cells(setting.key, isLive: setting.change == .live)
      let row = try #require(found.first { $0.hasPrefix(start) }, "\(start)")
      if setting.value.unset == nil {
        #expect(row.contains("| `\(setting.initial)` |"), "\(row)")
      }
    }
  }

  @Test func namesFollowFromTheFlag() throws {
    let setting = try #require(ServerSettings.byName["http-max-body-size"])
    #expect(setting.path == "http.max_body_size")
    #expect(setting.variable == "APUS_HTTP_MAX_BODY_SIZE")
    #expect(ServerSettings.byName["key-requests"]?.path == "limits.requests")
    #expect(ServerSettings.byName["grpc"]?.path == "grpc.address")
    #expect(ServerSettings.byName["call-log"]?.path == "log.calls")
  }

  @Test func takesItsDefaultAndItsBounds() throws {
    try ServerSettings.all.forEach(takesItsDefaultAndItsBounds)
    try ModelSettings.table.forEach(takesItsDefaultAndItsBounds)
  }

  private func takesItsDefaultAndItsBounds<Root>(_ setting: Setting<Root>) throws {
    var root = Root()
    if let initial = setting.value.read(Root()) {
      try setting.set(initial, in: &root)
      #expect(setting.value.read(root) == initial, "\(setting.path)")
    }
    guard let (least, most) = Samples.bounds(setting) else { return }
    for text in [least, most] {
      try setting.set(text, in: &root)
      #expect(setting.value.read(root) != nil, "\(setting.path) \(text)")
    }
    for text in ["", "0", "-1", "many", "99999999TiB", most + "0", "1e3"] where text != least {
      #expect(throws: SettingProblem.unexpected, "\(setting.path) \(text)") {
        try setting.set(text, in: &root)
      }
    }
  }

  @Test func setsItsOwnFieldOnly() throws {
    try setsItsOwnFieldOnly(ServerSettings.all)
    try setsItsOwnFieldOnly(ModelSettings.table)
  }

  private func setsItsOwnFieldOnly<Root>(_ table: [Setting<Root>]) throws {
    for setting in table {
      var root = Root()
      let text = Samples.other(setting)
      try setting.set(text, in: &root)
      #expect(setting.value.read(root) == text, "\(setting.path)")
      for other in table where other.path != setting.path {
        #expect(
          other.value.read(root) == other.value.read(Root()), "\(setting.path) \(other.path)")
      }
    }
  }

  @Test func aServerIsNeverStuckAtOnce() throws {
    let setting = try #require(ServerSettings.byName["stuck-after"])
    var server = ServerConfiguration()
    for text in ["0", "1us"] {
      #expect(throws: SettingProblem.unexpected) { try setting.set(text, in: &server) }
    }
    try setting.set("100ms", in: &server)
    #expect(setting.expected == "a time from 100ms to 24h")
  }

  @Test(arguments: [
    ("max_cals", "max_calls"), ("max-calls", "max_calls"), ("MAX_CALLS", "max_calls"),
    ("reset_burts", "reset_burst"),
  ])
  func suggestsWhatIsNear(written: String, meant: String) {
    let names = ServerSettings.all.map(\.key)
    #expect(Suggestion.nearest(to: written, among: names) == meant)
  }

  @Test(arguments: ["", "x", "colour", String(repeating: "max_calls", count: 1000)])
  func suggestsNothingFarOff(written: String) {
    #expect(Suggestion.nearest(to: written, among: ServerSettings.all.map(\.key)) == nil)
  }
}
