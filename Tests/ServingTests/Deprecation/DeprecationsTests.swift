import Accounts
import Messages
import Metrics
import REST
import RPC
import Synchronization
import Testing
import Time

@testable import Serving

private final class Clock: Sendable {
  private let time = Mutex(UnixTime(rfc3339: "2026-11-30"))
  var now: UnixTime {
    get { time.withLock { $0 } ?? UnixTime(seconds: 0) }
    set { time.withLock { $0 = newValue } }
  }
}

@Suite struct DeprecationsTests {
  private let clock = Clock()
  private let metrics = Registry()

  private func entries(_ yaml: String) -> [DeprecationEntry] {
    var server = ServerConfiguration()
    let file = ConfigurationFile(
      yaml: Array("deprecated:\n\(yaml)".utf8), "a.yaml", into: &server)
    #expect(file.problems.isEmpty, "\(file.problems)")
    return file.deprecations
  }

  private func deprecations(_ yaml: String) -> Deprecations {
    Deprecations(entries(yaml), metrics: metrics) { [clock] in clock.now }
  }

  private static let predict = "/apus.v1.Inference/Predict"

  private func context(
    _ path: String = predict, models: ModelScope = .all
  ) -> CallContext {
    let context = CallContext(path: path)
    let caller = Caller(
      keyID: KeyID("abcd1234") ?? .anonymous, owner: "", isAdmin: false, models: models,
      limits: .unlimited)
    context.attachment = CallRecord(caller: caller, time: clock.now)
    return context
  }

  private func route(_ name: String, _ version: Int) -> ModelRoute {
    ModelRoute(
      name: name, version: version, target: .failure(Status(.unavailable)), fallback: [],
      fallsBackWhenFull: false, previous: nil)
  }

  private func status(_ body: () throws(Status) -> Void) -> Status {
    do throws(Status) { try body() } catch { return error }
    return Status(.ok)
  }

  private func series() -> [String] {
    metrics.exposition().split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
  }

  @Test func aMethodsCallersAreToldAndCounted() throws {
    let deprecations = deprecations(
      """
        - rpc: \(Self.predict)
          since: 2026-12-24
          sunset: 2027-03-01
          link: https://example.com/news
      """)
    let called = context()
    try deprecations.admit(Self.predict, called)
    // A time to come announces it.
    #expect(
      called.initialMetadata.entries == [
        .init(name: "deprecation", value: .text("@1798070400")),
        .init(name: "sunset", value: .text("Mon, 01 Mar 2027 00:00:00 GMT")),
        .init(name: "link", value: .text("<https://example.com/news>; rel=\"deprecation\"")),
      ])
    #expect(called.record?.facts.deprecated == ["rpc \(Self.predict)"])
    #expect(
      series() == [
        "apus_deprecated_calls_total{what=\"rpc\",name=\"\(Self.predict)\",key=\"abcd1234\"} 1"
      ])
    let other = context("/apus.v1.Inference/GetModel")
    try deprecations.admit("/apus.v1.Inference/GetModel", other)
    #expect(other.initialMetadata.entries.isEmpty && series().count == 1)
    // An open method is called without a record.
    let bare = CallContext(path: Self.predict)
    try deprecations.admit(Self.predict, bare)
    #expect(bare.initialMetadata["deprecation"] == "@1798070400")
    #expect(series().contains { $0.contains("key=\"anonymous\"} 1") })
  }

  @Test func aMethodIsRefusedExactlyFromItsSunsetOn() throws {
    let deprecations = deprecations(
      """
        - rpc: /apus.v1.Inference
          since: 2026-11-01
          sunset: 2027-03-01
          successor: https://example.com/v2
          refuse_after_sunset: true
        - rpc: \(Self.predict)
          since: 2026-10-01
      """)
    let sunset = try #require(UnixTime(rfc3339: "2027-03-01"))
    clock.now = UnixTime(microseconds: sunset.microseconds - 1)
    try deprecations.admit(Self.predict, context())
    clock.now = sunset
    let called = context()
    let refused = status { () throws(Status) in try deprecations.admit(Self.predict, called) }
    #expect(refused.code == .unimplemented && refused.reason == .sunset)
    #expect(
      refused.message == "rpc /apus.v1.Inference has gone: deprecated since 2026-11-01T00:00:00Z, "
        + "its sunset was 2027-03-01T00:00:00Z; use https://example.com/v2 instead")
    // What an answer would have begun with, its end has.
    #expect(called.initialMetadata.entries.isEmpty)
    #expect(refused.metadata["deprecation"] == "@1790812800")
    #expect(refused.metadata["sunset"] == "Mon, 01 Mar 2027 00:00:00 GMT")
    #expect(refused.metadata["link"] == "<https://example.com/v2>; rel=\"successor-version\"")
    #expect(series().filter { $0.hasPrefix("apus_deprecated_calls_total") }.count == 2)
    #expect(
      series().filter { $0.hasPrefix("apus_deprecated_refusals_total") && $0.hasSuffix(" 1") }
        .count == 2)
  }

  @Test func withoutRefusalItIsOnlyTold() throws {
    let deprecations = deprecations("  - {model: m, since: 2020-01-01, sunset: 2021-01-01}")
    try deprecations.admit(route("m", 1), context())
    #expect(!deprecations.hasGone("m", version: 1))
  }

  @Test func aVersionGoesAlone() throws {
    let deprecations = deprecations(
      """
        - {model: m, version: 1, since: 2026-01-01, sunset: 2026-11-30, refuse_after_sunset: true}
        - {model: n, since: 2026-01-01, link: "https://example.com"}
      """)
    let refused = status { () throws(Status) in try deprecations.admit(route("m", 1), context()) }
    #expect(refused.code == .notFound && refused.reason == .sunset)
    #expect(refused.message.hasPrefix("model m/1 has gone"))
    #expect(deprecations.hasGone("m", version: 1) && !deprecations.hasGone("m", version: 2))
    #expect(throws: Status.self) { try deprecations.check("m", version: 1) }
    for free in [route("m", 2), route("m", 0), route("", 1)] {
      let called = context()
      try deprecations.admit(free, called)
      #expect(called.initialMetadata.entries.isEmpty)
    }
    let called = context()
    try deprecations.admit(route("n", 0), called)
    #expect(called.record?.facts.deprecated == ["model n"])
    let mark = try #require(deprecations.mark(ofModel: "n", version: 9))
    #expect(mark.link == "https://example.com")
  }

  @Test func whomAKeyKeepsOutIsToldNothing() {
    let deprecations = deprecations("  - {model: m, since: 2026-01-01}")
    let called = context(models: .only(["other"]))
    let refused = status { () throws(Status) in try deprecations.admit(route("m", 1), called) }
    #expect(refused.code == .permissionDenied && refused.metadata.entries.isEmpty)
    #expect(called.initialMetadata.entries.isEmpty && series().isEmpty)
  }

  @Test func aMethodAndAModelAreToldTogether() throws {
    let deprecations = deprecations(
      """
        - {rpc: \(Self.predict), since: 2026-02-01, sunset: 2027-01-01, link: "https://a.example"}
        - {model: m, since: 2026-01-01, sunset: 2027-02-01, link: "https://b.example"}
      """)
    let called = context()
    called.appendInitial("ratelimit", "x")
    try deprecations.admit(Self.predict, called)
    try deprecations.admit(route("m", 1), called)
    #expect(
      called.initialMetadata.entries.map { "\($0.name) \($0.value)" } == [
        "ratelimit text(\"x\")", "deprecation text(\"@1767225600\")",
        "sunset text(\"Fri, 01 Jan 2027 00:00:00 GMT\")",
        "link text(\"<https://b.example>; rel=\\\"deprecation\\\"\")",
        "link text(\"<https://a.example>; rel=\\\"deprecation\\\"\")",
      ])
    #expect(called.record?.facts.deprecated == ["rpc \(Self.predict)", "model m"])
  }

  @Test func routesAreCountedByKeyAndRefused() throws {
    let store = try SQLiteStore(path: ":memory:")
    let key = try KeyAdministration(store: store)
      .create(KeyRequest(owner: "somebody"), at: .now())
    let keys = KeyDirectory()
    try keys.refresh(from: store)
    let deprecations = deprecations(
      """
        - {route: /v1, since: 2026-01-01, sunset: 2026-12-01, refuse_after_sunset: true}
        - {route: GET /v1/jobs, since: 2025-01-01}
      """)
    let routes = RouteDeprecations(deprecations: deprecations, keys: keys)
    #expect(routes.notice(ofRoute: "GET /health") == nil)
    let notice = try #require(routes.notice(ofRoute: "GET /v1/jobs"))
    #expect(notice.since == UnixTime(rfc3339: "2025-01-01"))
    #expect(notice.sunset == UnixTime(rfc3339: "2026-12-01"))
    #expect(routes.called("GET /v1/jobs", ["authorization": "Bearer \(key.token)"]) == nil)
    #expect(routes.called("POST /v1/jobs", ["x-api-key": "nonsense"]) == nil)
    clock.now = try #require(UnixTime(rfc3339: "2026-12-01"))
    #expect(routes.called("POST /v1/jobs", [:])?.hasPrefix("route /v1 has gone") == true)
    func count(_ family: String, _ name: String, _ key: String) -> Bool {
      series().contains(
        "apus_deprecated_\(family)_total{what=\"route\",name=\"\(name)\",key=\"\(key)\"} 1")
    }
    #expect(count("calls", "/v1", "\(key.key.id)") && count("calls", "/v1", "(unknown)"))
    #expect(count("calls", "GET /v1/jobs", "\(key.key.id)"))
    #expect(count("calls", "/v1", "anonymous") && count("refusals", "/v1", "anonymous"))
    #expect(series().count == 5)
  }

  @Test func aChangedConfigurationIsTakenOver() throws {
    let deprecations = deprecations("  - {model: a, since: 2026-01-01}")
    try deprecations.admit(route("a", 1), context())
    #expect(series().count == 1)
    deprecations.replace(entries("  - {model: b, since: 2026-01-01}"))
    // Of what is deprecated no longer nothing is left.
    #expect(series().isEmpty)
    let called = context()
    try deprecations.admit(route("a", 1), called)
    #expect(called.initialMetadata.entries.isEmpty)
    try deprecations.admit(route("b", 1), called)
    #expect(called.initialMetadata["deprecation"] != nil)
    deprecations.replace([])
    #expect(deprecations.mark(ofModel: "b", version: 1) == nil)
  }

  /// Nothing is charged for what is refused, and rights come first.
  @Test func accessControlAsksAfterTheKeyAndBeforeTheLimits() async throws {
    let deprecations = deprecations(
      """
        - rpc: /apus.v1.Inference
          since: 2026-01-01
          sunset: 2026-02-01
          refuse_after_sunset: true
      """)
    let access = AccessControl(
      keys: KeyDirectory(), limits: LimitStage(limiter: MemoryRateLimiter()),
      anonymous: AnonymousAccess(isAllowed: true), deprecations: deprecations,
      metrics: Registry())
    func admit(_ path: String, job: Bool = false) -> (Status, CallContext) {
      let method = MethodHandler(path: path, shape: .unary) { _, _, _ in }
      let called = CallContext(path: path)
      if job { called.attachment = JobOwner(.anonymous) }
      return (status { () throws(Status) in try access.admit(method, called) }, called)
    }
    let (list, called) = admit("/apus.v1.Inference/ListModels")
    #expect(list.code == .unimplemented && called.record?.caller.keyID == .anonymous)
    #expect(admit("/apus.v1.Inference/Health").0.code == .unimplemented)
    #expect(admit("/apus.v1.Accounts/ListKeys").0.code == .permissionDenied)
    #expect(admit("/grpc.health.v1.Health/Check").0.code == .ok)
    // What a job's work is done by, its owner did not choose.
    #expect(admit(Self.predict, job: true).0.code == .ok)
  }
}
