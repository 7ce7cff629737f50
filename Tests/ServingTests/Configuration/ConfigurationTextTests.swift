import TestSupport
import Testing

@testable import Serving

@Suite struct ConfigurationTextTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func load(_ text: String, _ name: String) throws -> LoadedConfiguration {
    try folder.write(name, text)
    return try ConfigurationSource(file: folder.file(name)).load()
  }

  private func values(_ server: ServerConfiguration) -> [String?] {
    ServerSettings.all.map { $0.value.read(server) }
  }

  private static let models = """
    models:
      "1.5":
        description: "says: \\"hello\\"\\n# not a comment \\u2028 \\e[31m"
        labels: {stable: {version: 2, share: 0.25}, old: 1}
      minilm: {max_queue_delay: 1500us, chat_template: "{{ a }}\\n  b\\t"}
      none: {labels: {}}
      chain:
        fallback: [previous, model: "1.5", static: {label: "a: \\"b\\"", score: 1e-7}]
      chains: {fallback: [static: {values: [0, -1.5e-9]}, static: {text: ""}]}
      free: {fallback: []}
      nothing: {}
    deprecated:
      - route: POST /v1/predict
        since: 2026-11-01
        sunset: 2027-03-01T12:00:00+01:00
        link: https://example.com/a?b=c&d=#e
        refuse_after_sunset: true
      - {model: "1.5", version: 2, since: 2026-11-20T14:45:00Z, successor: https://example.com}
    """

  /// What is printed says the same when it is read, of values that differ from all defaults too.
  @Test func printedConfigurationsAreReadAgain() throws {
    let flags = Dictionary(
      uniqueKeysWithValues: ServerSettings.all.map { ($0.name, Samples.other($0)) })
    try folder.write("a.yaml", Self.models)
    for flags in [flags, [:]] {
      let first = try ConfigurationSource(file: folder.file("a.yaml"), flags: flags).load()
      let printed = ConfigurationText.of(first)
      let second = try load(printed, "b.yaml")
      #expect(values(second.server) == values(first.server))
      #expect(
        second.server.overrides.mapValues(\.fallback)
          == first.server.overrides.mapValues(\.fallback))
      #expect(
        second.server.overrides.mapValues(\.values) == first.server.overrides.mapValues(\.values))
      #expect(
        second.server.overrides.mapValues(\.labels) == first.server.overrides.mapValues(\.labels))
      let texts = first.server.deprecations.map { "\($0.what) \($0.name) \($0.text)" }
      #expect(second.server.deprecations.map { "\($0.what) \($0.name) \($0.text)" } == texts)
      #expect(texts.count == 2)
    }
  }

  @Test func everyValueTellsItsOrigin() throws {
    try folder.write("a.yaml", "log:\n  level: debug\n" + Self.models)
    let loaded = try ConfigurationSource(
      file: folder.file("a.yaml"), variables: ["APUS_MAX_CALLS": "7"], flags: ["loops": "2"]
    ).load()
    let lines = ConfigurationText.of(loaded).split(separator: "\n")
    func line(_ start: String) -> Substring { lines.first { $0.contains(start) } ?? "" }
    #expect(line("  max_calls: 7").hasSuffix("# APUS_MAX_CALLS"))
    #expect(line("  loops: 2").hasSuffix("# --loops"))
    #expect(line("  level: debug").hasSuffix("# \(folder.file("a.yaml")):2"))
    #expect(line("  # threads: one per core").hasSuffix("# default"))
    #expect(line("    max_queue_delay: 1500us").hasSuffix("a.yaml:7"))
    #expect(line("    fallback: [previous, model: 1.5, static: ").hasSuffix("a.yaml:10"))
    #expect(line("      stable: {version: 2, share: 0.25}").hasSuffix("a.yaml:6"))
    #expect(line("  - route: \"POST /v1/predict\"").hasSuffix("a.yaml:15"))
  }

  @Test func secretsAreNeverShown() throws {
    let secret = Setting<ServerConfiguration>(
      "s3-secret", in: .server, "a secret", .text("KEY", \.models, expected: "a key"),
      isSecret: true)
    let loaded = try ConfigurationSource(
      file: {
        try folder.write("e", "")
        return folder.file("e")
      }(), flags: ["models": "hunter2"]
    ).load()
    let text = ConfigurationText.of(loaded, [secret])
    #expect(text.contains("# s3_secret:") && !text.contains("hunter2"))
  }

  @Test(arguments: [
    "", "-", ":", "a: b", "a:", "-a", "*", "&a", "[x]", "true", "#", "a #b", " a", "a ", "é",
    "\u{1}",
    "\u{2028}", "\u{feff}", "\u{1F600}", "a\nb", "\"", "\\", "'", "%", "@", "`", "{{ x }}", "1.50",
    "10.0.0.0/8", "unix:/a", "[::1]:80", "~", "null", "?", "!tag", "|", ">",
  ])
  func scalarsAreReadAsTheyWereWritten(text: String) throws {
    let yaml = "key: \(YAMLText.scalar(text))\nlist: [\(YAMLText.scalar(text)), x]\n"
    let root = try YAMLReader.read(Array(yaml.utf8), file: "a")
    guard case .mapping(let entries)? = root?.content, entries.count == 2 else {
      Issue.record("\(yaml)")
      return
    }
    #expect(entries[0].value.content == .scalar(text))
    guard case .sequence(let items) = entries[1].value.content else {
      Issue.record("\(yaml)")
      return
    }
    #expect(items.map(\.content) == [.scalar(text), .scalar("x")])
  }
}
