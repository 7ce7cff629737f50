import Accounts
import Jobs
import RPC
import Testing

@testable import Serving

@Suite struct ConfigurationFileTests {
  private func read(_ yaml: String) -> (file: ConfigurationFile, server: ServerConfiguration) {
    var server = ServerConfiguration()
    let file = ConfigurationFile(yaml: Array(yaml.utf8), "apus.yaml", into: &server)
    return (file, server)
  }

  @Test func readsAllKindsOfValues() {
    let (file, server) = read(
      """
      server: {models: "/srv/models", threads: 3}
      grpc:
        max_message_size: 64MiB
      http:
        address: off
        origins: [https://a.example, "*"]
      accounts: {allow_anonymous: true}
      limits: {requests: 0, window: 90s}
      webhooks: {delays: " 1s, 2s "}
      log: {level: debug}
      """)
    #expect(file.problems.isEmpty)
    #expect(server.models == "/srv/models" && server.threads == 3)
    #expect(server.limits.messageSize == 64 << 20)
    #expect(server.httpAddress == nil && server.httpOrigins == ["https://a.example", "*"])
    #expect(server.accounts.allowsAnonymous)
    #expect(server.accounts.keyDefaults.requests == nil && server.accounts.keyDefaults.window == 90)
    #expect(server.jobs.service.webhooks.policy.delays == [.seconds(1), .seconds(2)])
    #expect(server.logLevel == .debug)
    #expect(file.lines["max-message-size"] == 3 && file.lines["http-origins"] == 6)
  }

  @Test(arguments: ["", "# nothing\n", "---\n", "grpc:\nmodels:\n", "{}"])
  func anEmptyFileSaysNothing(_ yaml: String) {
    let (file, _) = read(yaml)
    #expect(file.problems.isEmpty && file.lines.isEmpty && file.overrides.isEmpty)
  }

  @Test func readsModelsWithTheKeysOfTheirFilesAndLabels() throws {
    let (file, _) = read(
      """
      models:
        minilm:
          max_queue_delay: 2ms
          labels:
            stable: {version: 2, share: 0.9}
            old: 1
        other: {labels: {}}
        third:
      """)
    #expect(file.problems.isEmpty)
    let minilm = try #require(file.overrides["minilm"])
    var base = ModelSettings()
    base.queueLimit = 7
    let settings = minilm.applied(to: base)
    #expect(settings.maxQueueDelay == .milliseconds(2) && settings.queueLimit == 7)
    #expect(minilm.labels?["stable"] == .init(version: 2, share: 0.9))
    #expect(minilm.labels?["old"] == .init(version: 1, share: 0))
    #expect(file.overrides["other"]?.labels == [:])
    #expect(file.overrides["third"]?.labels == .some(nil))
  }

  @Test func aModelMayHaveAsManyLabelsAsSetLabelGivesIt() {
    func problems(_ count: Int) -> [String] {
      let labels = (0..<count).map { "l\($0): 1" }.joined(separator: ", ")
      return read("models: {m: {labels: {\(labels)}}}").file.problems.map(\.reason)
    }
    #expect(problems(32) == [] && problems(33) == ["models.m.labels: more than 32 labels"])
  }

  @Test func aChainGoesBeforeThatOfTheModelsFile() {
    let (file, _) = read(
      "models: {m: {fallback: [previous, model: other]}, none: {fallback: []}, third: {}}")
    #expect(file.problems.isEmpty)
    var base = ModelSettings()
    base.fallback = [.previous]
    #expect(file.overrides["m"]?.applied(to: base).fallback == [.previous, .model("other")])
    #expect(file.overrides["none"]?.applied(to: base).fallback == [])
    #expect(file.overrides["third"]?.applied(to: base).fallback == [.previous])
  }

  /// A wrong file, and what is said of it: line and words.
  private static let wrong: [(yaml: String, line: Int, words: String)] = [
    ("grpc: {max_calls: 0}", 1, "grpc.max_calls: `0`: expected a whole number from 1 to 10000000"),
    ("grpc: {max_cals: 9}", 1, "grpc.max_cals is no key here; did you mean max_calls?"),
    ("grpc: {max-calls: 9}", 1, "did you mean max_calls?"),
    ("grpc: {max_body_size: 9}", 1, "did you mean http.max_body_size?"),
    ("\ngprc: {}", 2, "gprc is no key; did you mean grpc?"),
    ("max_calls: 9", 1, "max_calls is no key; did you mean grpc.max_calls?"),
    ("colour: red", 1, "keys are models, server, grpc, http, tls, accounts"),
    ("colour: red", 1, "webhooks, log, deprecated"),
    ("deprecate: []", 1, "deprecate is no key; did you mean deprecated?"),
    ("log:\n  level: loud", 2, "expected debug, info, warning or error"),
    ("log:\n  level:", 2, "log.level: expected debug"),
    ("log:\n  level: [info]", 2, "expected one value (debug, info, warning or error), got a list"),
    (
      "http:\n  origins: {a: b}", 2,
      "expected a list (origins such as https://app.example.com, or *), got"
    ),
    ("http:\n  origins: [https://a.example/]", 2, "expected origins such as"),
    ("http:\n  origins: [a.example]", 2, "expected origins such as"),
    ("http:\n  origins: [[a]]", 2, "expected a list"),
    ("http:\n  origins: ['a,b']", 2, "expected a list"),
    ("http:\n  address: nowhere", 2, "the port is missing"),
    ("http: off", 1, "http: expected `key: value` lines, got one value"),
    ("- a", 1, "expected `key: value` lines, got a list"),
    ("limits: {requests: 5, requests: 6}", 1, "limits.requests is given twice"),
    ("grpc: {}\nlog: {}\ngrpc: {}", 3, "grpc is given twice; it is on line 1 already"),
    ("accounts: {allow_anonymous: yes}", 1, "`yes`: expected true or false"),
    ("accounts: {database: ''}", 1, "expected a file or memory"),
    ("accounts: {database: \"a\\0b\"}", 1, "there is a NUL in it"),
    ("webhooks: {allow: [10.0.0.0/99]}", 1, "'10.0.0.0/99' is neither an address"),
    ("models: {'a b': {}}", 1, "models.a b: a model's name has 1 to 64"),
    ("models: {.m: {}}", 1, "and begins with no dot"),
    ("models: {m: {queue_limits: 5}}", 1, "models.m.queue_limits is no key here; did you mean"),
    ("models: {m: {engine_slice: 11s}}", 1, "models.m.engine_slice: `11s`: expected a time from 0"),
    ("models: {m: 5}", 1, "models.m: expected `key: value` lines"),
    ("models: {m: {labels: {latest: 1}}}", 1, "a label has 1 to 64"),
    ("models: {m: {labels: {a: {share: 1}}}}", 1, "models.m.labels.a: version is missing"),
    ("models: {m: {labels: {a: {version: 0}}}}", 1, "expected a whole number from 1"),
    ("models: {m: {labels: {a: {version: 1, share: 2}}}}", 1, "expected a number from 0 to 1"),
    ("models: {m: {labels: {a: {version: 1, share: nan}}}}", 1, "expected a number from 0 to 1"),
    (
      "models: {m: {labels: {a: {version: 1, share: 0.6}, b: {version: 2, share: 0.7}}}}", 1,
      "the shares are 1.3 together; at most 1"
    ),
    (
      "models:\n  m:\n    fallback:\n      - previous\n      - later", 5,
      "models.m.fallback: a step is `previous`"
    ),
    ("models: {m: {fallback: previous}}", 1, "models.m.fallback: expected a list of up to 8 steps"),
    ("grpc:\n\tmax_calls: 5", 2, "indent with spaces, not tabs"),
    ("a: b: c", 1, "put quotes around a value"),
    ("a: \"open", 1, "is not closed"),
    ("a: &x 1\nb: *x", 1, "anchors"),
    ("a: 1\n---\nb: 1", 2, "only one YAML document"),
  ]

  @Test(arguments: wrong) func aWrongFileNamesLineAndFix(yaml: String, line: Int, words: String) {
    let problems = read(yaml).file.problems
    #expect(problems.count == 1, "\(problems)")
    #expect(problems.first?.line == line, "\(problems)")
    #expect(problems.first?.description.contains(words) == true, "\(problems)")
    #expect(problems.first?.description.hasPrefix("apus.yaml:\(line): ") == true)
  }

  @Test func allErrorsAreToldAtOnceInOrder() {
    // Each error in its own part of one file.
    let one = """
      grpc: {max_calls: 0, max_cals: 1}
      htpp: {}
      log:
        level: loud
        format: xml
      models:
        m: {queue_limit: -1, labels: {a: {version: x}}}
      limits: {requests: 1, requests: 2}
      """
    #expect(read(one).file.problems.map(\.line) == [1, 1, 2, 4, 5, 7, 7, 8])
  }

  @Test func aByteThatIsNoTextNamesItsLine() {
    var server = ServerConfiguration()
    let file = ConfigurationFile(
      yaml: Array("grpc: {}\nlog: {}\n# ".utf8) + [0xff], "a.yaml", into: &server)
    #expect(file.problems.map(\.line) == [3])
    #expect(file.problems.first?.reason.contains("save the file as UTF-8") == true)
  }
}
