import RPC
import TestSupport
import Testing
import Time

@testable import Serving

@Suite struct DeprecationReaderTests {
  private func read(_ yaml: String) -> ConfigurationFile {
    var server = ServerConfiguration()
    return ConfigurationFile(yaml: Array(yaml.utf8), "apus.yaml", into: &server)
  }

  @Test func readsMethodsRoutesAndModels() throws {
    let file = read(
      """
      deprecated:
        - rpc: /apus.v1.Inference/Predict
          since: 2026-11-01
          sunset: 2027-03-01T12:00:00.5+01:00
          link: https://example.com/news
          successor: http://example.com/v2?a=b#c
          refuse_after_sunset: true
        - route: GET /v1/models/{name}
          since: 2026-11-01
        - {model: minilm, version: 3, since: 2026-11-01}
        - {model: minilm, since: 2026-11-01}
      """)
    #expect(file.problems.isEmpty, "\(file.problems)")
    #expect(
      file.deprecations.map { "\($0.what) \($0.name)" } == [
        "rpc /apus.v1.Inference/Predict", "route GET /v1/models/{name}", "model minilm/3",
        "model minilm",
      ])
    #expect(file.deprecations.map(\.line) == [2, 8, 10, 11])
    let first = try #require(file.deprecations.first)
    #expect(
      first.text == "since 2026-11-01T00:00:00Z, sunset 2027-03-01T11:00:00Z, "
        + "link https://example.com/news, successor http://example.com/v2?a=b#c, "
        + "refuse_after_sunset true")
  }

  @Test(arguments: ["deprecated:", "deprecated: []"])
  func anEmptyListSaysNothing(yaml: String) {
    let file = read(yaml)
    #expect(file.problems.isEmpty && file.deprecations.isEmpty)
  }

  private static let rpc = "rpc: /apus.v1.Inference/Predict"
  private static let wrong: [(yaml: String, line: Int, words: String)] = [
    ("deprecated: {a: b}", 1, "deprecated: expected a list (`- rpc: …`), got `key: value` lines"),
    ("deprecated: [5]", 1, "deprecated[0]: expected `key: value` lines, got one value"),
    ("deprecated:\n  - {since: 2026-01-01}", 2, "deprecated[0].rpc: say what is deprecated"),
    (
      "deprecated:\n  - {\(rpc),\n     route: /v1, since: 2026-01-01}", 3,
      "deprecated[0].route: an entry is about one thing"
    ),
    (
      "deprecated:\n  - {rpc: /apus.v1.Inference/Predit, since: 2026-01-01}", 2,
      "there is no method `/apus.v1.Inference/Predit`; did you mean /apus.v1.Inference/Predict?"
    ),
    (
      "deprecated:\n  - {rpc: nonsense, since: 2026-01-01}", 2,
      "no method `nonsense`; there are /apus.v1.Inference/Predict, /apus.v1.Inference/StreamPredict"
    ),
    (
      "deprecated:\n  - {route: PUT /v1/predict, since: 2026-01-01}", 2,
      "there is no route `PUT /v1/predict`; did you mean POST /v1/predict?"
    ),
    (
      "deprecated:\n  - {route: /v7/everything, since: 2026-01-01}", 2,
      "no route `/v7/everything`; there are POST /v1/predict, POST /v1/generate, "
    ),
    ("deprecated:\n  - {route: /v, since: 2026-01-01}", 2, "there is no route `/v`"),
    ("deprecated:\n  - {route: v1, since: 2026-01-01}", 2, "there is no route `v1`"),
    ("deprecated:\n  - {model: a b, since: 2026-01-01}", 2, "`a b`: expected a model's name"),
    (
      "deprecated:\n  - {model: a, version: 0, since: 2026-01-01}", 2,
      "deprecated[0].version: `0`: expected a whole number from 1"
    ),
    ("deprecated:\n  - {\(rpc), version: 1, since: 2026-01-01}", 2, "a version is a model's"),
    ("deprecated:\n  - \(rpc)", 2, "deprecated[0].since: is missing"),
    ("deprecated:\n  - \(rpc)\n    since: soon", 3, "`soon`: expected a date such as 2026-11-20"),
    (
      "deprecated:\n  - \(rpc)\n    since: 2026-01-02\n    sunset: 2026-01-01", 4,
      "deprecated[0].sunset: it ends before it is deprecated (since 2026-01-02T00:00:00Z)"
    ),
    (
      "deprecated:\n  - \(rpc)\n    since: 2026-01-02\n    refuse_after_sunset: true", 4,
      "deprecated[0].refuse_after_sunset: there is no sunset"
    ),
    (
      "deprecated:\n  - \(rpc)\n    since: 2026-01-02\n    link: example.com", 4,
      "`example.com`: expected http:// or https://"
    ),
    ("deprecated:\n  - \(rpc)\n    since: 2026-01-02\n    link: 'https://a>b'", 4, "expected http"),
    ("deprecated:\n  - \(rpc)\n    since: 2026-01-02\n    link: https://", 4, "expected http"),
    (
      "deprecated:\n  - \(rpc)\n    since: 2026-01-02\n    refuse: true", 4,
      "deprecated[0].refuse is no key here; keys are rpc, route, model, version, since"
    ),
    (
      "deprecated:\n  - {model: a, since: 2026-01-01}\n  - {model: a, since: 2026-01-02}", 3,
      "deprecated[1].model: a is on line 2 already"
    ),
  ]

  @Test(arguments: wrong) func aWrongEntryNamesLineAndFix(yaml: String, line: Int, words: String) {
    let problems = read(yaml).problems
    #expect(problems.count == 1, "\(problems)")
    #expect(problems.first?.line == line, "\(problems)")
    #expect(problems.first?.description.contains(words) == true, "\(problems)")
  }

  @Test func entriesAndLinksAreBounded() {
    func list(_ count: Int) -> String {
      "deprecated:\n"
        + (0..<count).map { "  - {model: m\($0), since: 2026-01-01}\n" }.joined()
    }
    #expect(read(list(256)).deprecations.count == 256)
    #expect(read(list(257)).problems.map(\.reason) == ["deprecated: 257 entries; at most 256"])
    func link(_ size: Int) -> String {
      let url = "https://" + String(repeating: "a", count: size - 8)
      return "deprecated: [{model: m, since: 2026-01-01, link: \"\(url)\"}]"
    }
    #expect(read(link(512)).problems.isEmpty)
    #expect(read(link(513)).problems.count == 1)
  }

  @Test func aNameCoversItselfItsMethodsOrWhatIsBelowIt() {
    let routes = ServedNames.routes
    #expect(routes.covered(by: "POST /v1/jobs") == ["POST /v1/jobs"])
    #expect(routes.covered(by: "/v1/jobs") == ["POST /v1/jobs", "GET /v1/jobs"])
    #expect(routes.covered(by: "/v1/jobs/{id}").count == 2)
    #expect(routes.covered(by: "/v1").count == routes.all.count { $0.contains(" /v1/") })
    #expect(routes.covered(by: "GET /health").count == 1)
    #expect(routes.covered(by: "DELETE /v1").allSatisfy { $0.hasPrefix("DELETE /v1/") })
    #expect(routes.covered(by: "/").isEmpty && routes.covered(by: "").isEmpty)
    let methods = ServedNames.methods
    #expect(
      methods.covered(by: "/grpc.reflection.v1alpha.ServerReflection") == [
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
      ])
  }

  @Test func theMethodsAreThoseThatAreServed() throws {
    let folder = try TemporaryFolder()
    var configuration = ServerConfiguration(models: folder.path)
    configuration.loops = 1
    configuration.accounts.database = nil
    let served = try InferenceServer(configuration).server.paths
    #expect(ServedNames.methods.all.sorted() == served)
  }
}
