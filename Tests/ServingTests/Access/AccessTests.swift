import Accounts
import Messages
import Metrics
import RPC
import Testing
import Time

@testable import Serving

@Suite struct AccessTests {
  @Test func whatNobodyListedIsAnAdministrators() {
    #expect(Access.of("/apus.v1.Accounts/CreateKey") == .admin)
    #expect(Access.of("/apus.v1.ModelControl/LoadModel") == .admin)
    #expect(Access.of("/apus.v1.Jobs/RotateWebhookSecrets") == .admin)
    #expect(Access.of("/some.Service/Method") == .admin)
    #expect(Access.of("/apus.v1.Inference/Predict") == .modelCaller)
    #expect(Access.of("/inference.GRPCInferenceService/ModelInfer") == .modelCaller)
    #expect(Access.of("/inference.GRPCInferenceService/ModelMetadata") == .caller)
    #expect(Access.of("/inference.GRPCInferenceService/ModelStreamInfer") == .admin)
    #expect(Access.of("/grpc.health.v1.Health/Check") == .open)
  }

  @Test func onlyBeforeTheFirstKeyOrWhenAllowedAnybodyMayCall() {
    let guarded = AnonymousAccess(isAllowed: false)
    #expect(guarded.caller(keyCount: 0)?.isAdmin == true)
    #expect(guarded.caller(keyCount: 1) == nil)
    let open = AnonymousAccess(isAllowed: true)
    #expect(open.caller(keyCount: 0)?.isAdmin == false)
    #expect(open.caller(keyCount: 5)?.isAdmin == false)
  }

  /// A call of `path` through the stage, with `token`.
  private func call(
    _ stage: AccessControl, _ path: String, _ token: String? = nil
  ) async -> (Status.Code, CallContext) {
    let metadata: Metadata = token.map { ["authorization": "Bearer \($0)"] } ?? [:]
    let context = CallContext(path: path, metadata: metadata)
    let method = MethodHandler(path: path, shape: .unary) { _, _, _ in }
    do {
      try stage.admit(method, context)
      try await stage.intercept(method, context) {}
      return (.ok, context)
    } catch let status as Status {
      return (status.code, context)
    } catch {
      return (.unknown, context)
    }
  }

  private func stage(
    _ store: SQLiteStore, looksTwice: Bool = false
  ) throws -> (AccessControl, MemoryRateLimiter) {
    let keys = KeyDirectory()
    try keys.refresh(from: store)
    let looks = SecondLooks { _ = try? keys.refresh(from: store) }
    let (limiter, metrics) = (MemoryRateLimiter(), Registry())
    return (
      AccessControl(
        keys: keys, secondLooks: looksTwice ? looks : nil, limits: LimitStage(limiter: limiter),
        anonymous: AnonymousAccess(isAllowed: false),
        deprecations: Deprecations(metrics: metrics), metrics: metrics), limiter
    )
  }

  @Test func callersGetWhatTheirKeysOpen() async throws {
    let store = try SQLiteStore(path: ":memory:")
    let administration = KeyAdministration(store: store)
    let boss = try administration.create(KeyRequest(owner: "boss", isAdmin: true), at: .now())
    let limits = LimitPlan(Limits(requests: 2))
    let other = try administration.create(KeyRequest(owner: "other", limits: limits), at: .now())
    let (stage, _) = try stage(store)
    let (predict, list) = ("/apus.v1.Inference/Predict", "/apus.v1.Inference/ListModels")
    #expect(await call(stage, predict).0 == .unauthenticated)
    #expect(await call(stage, predict, "nonsense").0 == .unauthenticated)
    let (code, context) = await call(stage, predict, other.token)
    #expect(code == .ok && context.record?.caller.keyID == other.key.id)
    #expect(await call(stage, "/apus.v1.Accounts/ListKeys", other.token).0 == .permissionDenied)
    #expect(await call(stage, "/apus.v1.Accounts/ListKeys", boss.token).0 == .ok)
    // Two calls are allowed; the handler charges those that name a model.
    #expect(await call(stage, list, other.token).0 == .ok)
    #expect(await call(stage, list, other.token).0 == .ok)
    #expect(await call(stage, list, other.token).0 == .resourceExhausted)
    #expect(await call(stage, "/grpc.health.v1.Health/Check").0 == .ok)
  }

  /// `admit` comes before any message is kept; what needs no message must be over by then.
  @Test func theHeadAloneTellsWhoMayCall() throws {
    let store = try SQLiteStore(path: ":memory:")
    let administration = KeyAdministration(store: store)
    let key = try administration.create(KeyRequest(owner: "other"), at: .now())
    let (stage, _) = try stage(store)
    func code(_ path: String, _ token: String?) -> Status.Code {
      let metadata: Metadata = token.map { ["authorization": "Bearer \($0)"] } ?? [:]
      let method = MethodHandler(path: path, shape: .unary) { _, _, _ in }
      do throws(Status) {
        try stage.admit(method, CallContext(path: path, metadata: metadata))
        return .ok
      } catch {
        return error.code
      }
    }
    let predict = "/apus.v1.Inference/Predict"
    #expect(code(predict, nil) == .unauthenticated)
    #expect(code(predict, "nonsense") == .unauthenticated)
    #expect(code(predict, key.token) == .ok)
    #expect(code("/apus.v1.Accounts/ListKeys", key.token) == .permissionDenied)
    #expect(code("/apus.v1.Inference/Health", nil) == .ok)
  }

  /// What another process has just made opens what it is made for, and no more.
  @Test func aKeyThatIsNotKnownIsLookedForOnce() async throws {
    let store = try SQLiteStore(path: ":memory:")
    let administration = KeyAdministration(store: store)
    _ = try administration.create(KeyRequest(owner: "first"), at: .now())
    let (stage, _) = try stage(store, looksTwice: true)
    let (predict, keys) = ("/apus.v1.Inference/Predict", "/apus.v1.Accounts/ListKeys")
    let made = try administration.create(KeyRequest(owner: "new"), at: .now())
    let (code, context) = await call(stage, predict, made.token)
    #expect(code == .ok && context.record?.caller.keyID == made.key.id)
    let second = try administration.create(KeyRequest(owner: "other"), at: .now())
    #expect(await call(stage, keys, second.token).0 == .permissionDenied)
    let turned = try #require(try administration.rotate(made.key.id, at: .now()))
    #expect(await call(stage, predict, turned.token).0 == .ok)
    let stranger = try KeyAdministration(store: SQLiteStore(path: ":memory:"))
      .create(KeyRequest(owner: "stranger"), at: .now())
    let (refused, left) = await call(stage, predict, stranger.token)
    #expect(refused == .unauthenticated && left.record == nil && left.attachment == nil)
    #expect(await call(stage, predict).0 == .unauthenticated)
  }

  /// What a front asks before there is a call knows no less than the call would.
  @Test func aKeyThatIsNotKnownIsLookedForBeforeACallToo() async throws {
    let store = try SQLiteStore(path: ":memory:")
    let administration = KeyAdministration(store: store)
    _ = try administration.create(KeyRequest(owner: "first"), at: .now())
    let (stage, _) = try stage(store, looksTwice: true)
    let (blind, _) = try self.stage(store)
    let made = try administration.create(KeyRequest(owner: "new"), at: .now())
    let stranger = try KeyAdministration(store: SQLiteStore(path: ":memory:"))
      .create(KeyRequest(owner: "stranger"), at: .now())
    func code(_ stage: AccessControl, _ token: String) async -> Status.Code? {
      await stage.refusal(["authorization": "Bearer \(token)"])?.code
    }
    #expect(await code(blind, made.token) == .unauthenticated)
    #expect(await code(stage, made.token) == nil)
    #expect(await code(stage, stranger.token) == .unauthenticated)
    #expect(await code(stage, "nonsense") == .unauthenticated)
    #expect(await stage.refusal([:])?.code == .unauthenticated)
    #expect(stage.refusals.with("unknown").value == 1, "a look is no refusal")
  }

  @Test func onlySoManyCallsMayWaitForALook() {
    let looks = SecondLooks {}
    var places = (0..<SecondLooks.bound).map { _ in looks.place() }
    #expect(places.allSatisfy { $0 != nil } && looks.place() == nil)
    // One that leaves, and one that is let go of with its call: each once.
    places[0]?.leave()
    places.removeFirst(2)
    #expect(looks.place() != nil)
    places += [looks.place(), looks.place()]
    #expect(looks.place() == nil && places.allSatisfy { $0 != nil })
  }

  @Test func aCallIsChargedForItsModelOnceAndAtItsEndForWhatItUsed() async throws {
    let stage = LimitStage(limiter: MemoryRateLimiter())
    let plan = LimitPlan(Limits(tokensPerMinute: 100, concurrent: 1))
    let caller = Caller(
      keyID: .anonymous, owner: "", isAdmin: false, models: .only(["a"]), limits: plan)
    func context() -> CallContext {
      let context = CallContext(path: "/p")
      context.attachment = CallRecord(caller: caller, time: .now())
      return context
    }
    let first = context()
    try await stage.admit(first.record, first, model: "a", tokens: 90)
    #expect(first.initialMetadata["ratelimit"] != nil)
    let second = context()
    await #expect(throws: Status.self) {
      try await stage.admit(second.record, second, model: "a", tokens: 5)
    }
    first.record?.release(tokens: 20, at: .now())
    let third = context()
    try await stage.admit(third.record, third, model: "a", tokens: 70)
    do {
      let fourth = context()
      try await stage.admit(fourth.record, fourth, model: "b", tokens: 0)
      Issue.record("a model that the key does not open")
    } catch { #expect(error.code == .permissionDenied) }
  }

  @Test func aStandInIsWithinItsOwnLimitsAndTheKeysScope() async throws {
    let stage = LimitStage(limiter: MemoryRateLimiter())
    let plan = LimitPlan(Limits(requests: 10), models: ["b": Limits(requests: 1)])
    let caller = Caller(
      keyID: .anonymous, owner: "", isAdmin: false, models: .only(["a", "b", "c"]), limits: plan)
    let context = CallContext(path: "/p")
    let record = CallRecord(caller: caller, time: .now())
    try await stage.admit(record, context, model: "a", tokens: 0)
    #expect(await stage.admitStandIn(record, model: "b", tokens: 0))
    stage.leaveStandIn(record)
    #expect(await !stage.admitStandIn(record, model: "b", tokens: 0))
    #expect(await stage.admitStandIn(record, model: "c", tokens: 0))
    #expect(await !stage.admitStandIn(record, model: "d", tokens: 0))
    #expect(record.facts.limit == nil, "the call itself is not refused")
  }

  /// Also where the key has but one place, the stand-in gets its turn.
  @Test func whatTheKeyAsAWholeMayIsTakenOnceHoweverOftenACallFallsBack() async throws {
    let now = Moment(monotonic: 1_000, wall: UnixTime(seconds: 1_800_000_000))
    let limiter = MemoryRateLimiter()
    let stage = LimitStage(limiter: limiter) { now }
    let whole = Limits(requests: 10, tokensPerMinute: 100, concurrent: 1)
    let own = Limits(tokensPerMinute: 100, concurrent: 1)
    let plan = LimitPlan(whole, models: ["a": own, "b": own, "c": own])
    let caller = Caller(
      keyID: .anonymous, owner: "", isAdmin: false, models: .all, limits: plan)
    let context = CallContext(path: "/p")
    let record = CallRecord(caller: caller, time: now.wall)
    try await stage.admit(record, context, model: "a", tokens: 60)
    #expect(await stage.admitStandIn(record, model: "b", tokens: 60))
    stage.leaveStandIn(record)
    #expect(await stage.admitStandIn(record, model: "c", tokens: 60))
    record.release(tokens: 40, at: now)
    func left(_ model: String) async -> [Int] {
      let decision = limiter.admit(caller, model: model, tokens: 0, at: now)
      if case .admitted(let admission) = decision { admission.finish(tokens: 0, at: now) }
      return decision.readings.map(\.remaining)
    }
    // Requests, tokens and places of the key; tokens and places of the model.
    #expect(await left("a") == [8, 60, 0, 100, 0])
    #expect(await left("b") == [7, 60, 0, 100, 0])
    #expect(await left("c") == [6, 60, 0, 60, 0], "it answered")
  }
}
