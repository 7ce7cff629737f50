import Accounts
import TestSupport
import Testing
import Time

@Suite struct KeyDirectoryTests {
  let folder: TemporaryFolder
  let store: SQLiteStore
  let directory: KeyDirectory
  let keys: KeyAdministration
  let now = UnixTime(seconds: 1_795_132_800)

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteStore(path: folder.file("apus.db"))
    directory = KeyDirectory(defaults: LimitPlan(Limits(requests: 7)))
    keys = KeyAdministration(store: store, directory: directory)
  }

  private func refusal(_ token: String, at time: UnixTime? = nil) -> KeyRefusal? {
    do {
      _ = try directory.authenticate(token, at: time ?? now)
      return nil
    } catch { return error }
  }

  @Test func aKeyOpensWhatItIsMadeFor() throws {
    let plan = LimitPlan(
      Limits(
        requests: 5, window: 10, tokensPerMinute: 6, concurrent: 7, monthlyRequests: 8,
        monthlyTokens: 9),
      models: ["a": Limits(requests: 1), "*": Limits(monthlyTokens: 2)])
    let issued = try keys.create(
      KeyRequest(
        owner: "Ada", email: "ada@example.org", isAdmin: true, models: .only(["b", "a"]),
        limits: plan), at: now)
    let caller = try directory.authenticate(issued.token, at: now)
    #expect(caller.keyID == issued.key.id)
    #expect(caller.owner == "Ada")
    #expect(caller.isAdmin)
    #expect(caller.may(useModel: "a") && caller.may(useModel: "b"))
    #expect(!caller.may(useModel: "c") && !caller.may(useModel: ""))
    #expect(caller.limits == plan)
  }

  @Test func aKeyWithoutLimitsHasTheServers() throws {
    let token = try keys.create(KeyRequest(owner: "Ada"), at: now).token
    #expect(try directory.authenticate(token, at: now).limits.whole.requests == 7)
    directory.setDefaults(LimitPlan(Limits(requests: 9)))
    let caller = try directory.authenticate(token, at: now)
    #expect(caller.limits.whole.requests == 9)
    #expect(!caller.isAdmin && caller.may(useModel: "anything"))
  }

  @Test func theStoreNeverSeesASecret() throws {
    let issued = try keys.create(KeyRequest(owner: "Ada"), at: now)
    let rotated = try #require(try keys.rotate(issued.key.id, at: now))
    try store.maintain()
    for name in ["apus.db", "apus.db-wal"] {
      let bytes = try #require(TemporaryFolder.contents(folder.file(name)))
      for token in [issued.token, rotated.token] {
        #expect(!bytes.contains(Array(token.dropFirst(14).prefix(43).utf8)))
      }
    }
  }

  @Test func whatAKeyHasLeftBehindIsItsOwnWhileItIsInForce() throws {
    let standing = try keys.create(KeyRequest(owner: "a"), at: now)
    let revoked = try keys.create(KeyRequest(owner: "b"), at: now)
    let expired = try keys.create(KeyRequest(owner: "c", lifetime: .seconds(10)), at: now)
    #expect(try keys.revoke(revoked.key.id, at: now)?.revoked == now)
    _ = try keys.rotate(standing.key.id, at: now)
    #expect(try directory.caller(of: standing.key.id, at: now).keyID == standing.key.id)
    #expect(try directory.caller(of: expired.key.id, at: now).owner == "c")
    for (id, time, reason) in [
      (revoked.key.id, now, KeyRefusal.Reason.revoked),
      (expired.key.id, now.advanced(by: .seconds(10)), .expired),
      (try #require(KeyID("abcdefgh")), now, .unknown), (.anonymous, now, .unknown),
    ] {
      #expect(throws: KeyRefusal(reason, keyID: id)) { try directory.caller(of: id, at: time) }
    }
  }

  @Test func refusalsDifferForTheLogOnly() throws {
    let standing = try keys.create(KeyRequest(owner: "a"), at: now)
    let other = try keys.create(KeyRequest(owner: "b"), at: now)
    let revoked = try keys.create(KeyRequest(owner: "c"), at: now)
    let expired = try keys.create(KeyRequest(owner: "d", lifetime: .seconds(10)), at: now)
    #expect(try keys.revoke(revoked.key.id, at: now)?.revoked == now)
    #expect(refusal(standing.token) == nil)

    // A well-formed token of a key that is not there, and one of a key with another secret.
    let elsewhere = try KeyAdministration(store: SQLiteStore(path: ":memory:"))
      .create(KeyRequest(owner: "e"), at: now)
    let old = try #require(try keys.rotate(other.key.id, overlap: .zero, at: now))
    let refusals = [
      refusal(elsewhere.token), refusal(other.token), refusal(revoked.token),
      refusal(expired.token, at: now.advanced(by: .seconds(10))),
      refusal(String(standing.token.dropLast())), refusal("sk-somebody-elses-key"), refusal(""),
    ]
    #expect(refusal(old.token) == nil)
    #expect(refusal(expired.token, at: now.advanced(by: .microseconds(9_999_999))) == nil)
    #expect(
      refusals.map { $0?.reason } == [
        .unknown, .wrongSecret, .revoked, .expired, .malformed, .malformed, .malformed,
      ])
    #expect(
      refusals.map { $0?.keyID } == [
        elsewhere.key.id, other.key.id, revoked.key.id, expired.key.id, nil, nil, nil,
      ])
    #expect(Set(refusals.map { $0?.publicMessage }) == ["invalid API key"])
  }

  @Test func aRotatedKeyHasTwoSecretsForAWhile() throws {
    let first = try keys.create(KeyRequest(owner: "Ada"), at: now)
    let second = try #require(try keys.rotate(first.key.id, overlap: .seconds(60), at: now))
    #expect(second.key.id == first.key.id && second.token != first.token)
    let end = now.advanced(by: .seconds(60))
    #expect(refusal(first.token, at: UnixTime(microseconds: end.microseconds - 1)) == nil)
    #expect(refusal(first.token, at: end)?.reason == .wrongSecret)
    #expect(refusal(second.token, at: end) == nil)
    // A further rotation ends the first secret at once: two work at most.
    let third = try #require(try keys.rotate(first.key.id, overlap: .seconds(60), at: now))
    #expect(refusal(first.token)?.reason == .wrongSecret)
    #expect(refusal(second.token) == nil && refusal(third.token) == nil)
    // Revoking ends all of them, and nothing brings them back.
    _ = try keys.revoke(first.key.id, at: now)
    #expect(refusal(second.token)?.reason == .revoked)
    #expect(refusal(third.token)?.reason == .revoked)
    #expect(try keys.rotate(first.key.id, at: now) == nil)
  }

  @Test func unknownKeysAreNeitherRevokedNorRotated() throws {
    let id = try #require(KeyID("AAAAAAAA"))
    #expect(try keys.revoke(id, at: now) == nil)
    #expect(try keys.rotate(id, at: now) == nil)
    #expect(try keys.list().isEmpty)
  }

  @Test func theFirstRevocationStands() throws {
    let id = try keys.create(KeyRequest(owner: "Ada"), at: now).key.id
    _ = try keys.revoke(id, at: now)
    #expect(try keys.revoke(id, at: now.advanced(by: .seconds(5)))?.revoked == now)
  }

  @Test func keysAreListedInTheOrderOfTheirMaking() throws {
    let made = try (0..<20).map { try keys.create(KeyRequest(owner: "\($0)"), at: now).key }
    #expect(try keys.list() == made)
    #expect(directory.count == 20)
  }

  /// Another process revokes; this one looks.
  @Test func whatAnotherConnectionChangesIsSeenByTheNextLook() throws {
    let issued = try keys.create(KeyRequest(owner: "Ada"), at: now)
    let other = KeyAdministration(store: try SQLiteStore(path: folder.file("apus.db")))
    #expect(try !directory.refresh(from: store))
    _ = try other.revoke(issued.key.id, at: now)
    #expect(refusal(issued.token) == nil)
    #expect(try directory.refresh(from: store))
    #expect(refusal(issued.token)?.reason == .revoked)
    #expect(try !directory.refresh(from: store))
    let made = try other.create(KeyRequest(owner: "Bob"), at: now)
    #expect(refusal(made.token)?.reason == .unknown)
    #expect(try directory.refresh(from: store))
    #expect(refusal(made.token) == nil)
  }

  /// Usage is written many times a second; that is no reason to read all keys.
  @Test func writingUsageIsNoChangeOfKeys() throws {
    _ = try keys.create(KeyRequest(owner: "Ada"), at: now)
    try store.write(UsageBatch(records: [.test()]))
    #expect(try !directory.refresh(from: store))
  }

  @Test func wrongRequestsAreNamed() throws {
    let wrong: [(KeyRequest, String)] = [
      (KeyRequest(owner: ""), "owner"),
      (KeyRequest(owner: String(repeating: "x", count: 129)), "owner"),
      (KeyRequest(owner: "a\nb"), "owner"),
      (KeyRequest(owner: "a", email: "nobody"), "email"),
      (KeyRequest(owner: "a", email: "a@b@c"), "email"),
      (KeyRequest(owner: "a", lifetime: .zero), "expires"),
      (KeyRequest(owner: "a", models: .only([])), "models"),
      (KeyRequest(owner: "a", models: .only(["m", "m"])), "models"),
      (KeyRequest(owner: "a", models: .only((0..<65).map { "m\($0)" })), "models"),
      (KeyRequest(owner: "a", limits: LimitPlan(Limits(requests: -1))), "limits.requests"),
      (KeyRequest(owner: "a", limits: LimitPlan(Limits(window: 0))), "limits.window"),
      (
        KeyRequest(owner: "a", limits: LimitPlan(models: ["m": Limits(concurrent: .max)])),
        "limits.models.m.concurrent"
      ),
      (KeyRequest(owner: "a", limits: LimitPlan(models: ["": Limits()])), "limits.models"),
    ]
    for (request, field) in wrong {
      let error = #expect(throws: KeyRequestError.self) { try keys.create(request, at: now) }
      #expect(error?.field == field)
    }
    #expect(try keys.list().isEmpty)
  }
}

@Suite struct KeyWatcherTests {
  /// A thread that looks, and another connection that revokes: no call of ours in between.
  @Test func aRevokedKeyStopsWorkingByItself() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("apus.db")
    let other = KeyAdministration(store: try SQLiteStore(path: path))
    let issued = try other.create(KeyRequest(owner: "Ada"), at: .now())
    let directory = KeyDirectory()
    let store = try SQLiteStore(path: path)
    try directory.refresh(from: store)
    let watcher = KeyWatcher(directory, store: store) { _ in }
    try watcher.start(period: .milliseconds(1))
    #expect(throws: Never.self) { try directory.authenticate(issued.token, at: .now()) }
    _ = try other.revoke(issued.key.id, at: .now())
    var refusal: KeyRefusal?
    // It is certain to come; a watcher that is broken shall not stop the tests for ever.
    let patience = ContinuousClock.now + .seconds(60)
    while refusal == nil && ContinuousClock.now < patience {
      do throws(KeyRefusal) { _ = try directory.authenticate(issued.token, at: .now()) } catch {
        refusal = error
      }
    }
    #expect(refusal?.reason == .revoked)
    watcher.close()
    // Two looks a second at the least: this is what "within a second" rests on.
    #expect(KeyWatcher.period <= .milliseconds(500))
  }

  /// A thread that would look in an hour, and another connection that makes keys.
  @Test func aKeyThatSomebodyAsksForIsKnownAtOnce() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("apus.db")
    let other = KeyAdministration(store: try SQLiteStore(path: path))
    let directory = KeyDirectory()
    let watcher = KeyWatcher(directory, store: try SQLiteStore(path: path)) { _ in }
    try watcher.start(period: .seconds(3600))
    for owner in ["Ada", "Bob", "Cyd"] {
      let issued = try other.create(KeyRequest(owner: owner), at: .now())
      await withTaskGroup { group in
        for _ in 0..<3 { group.addTask { await watcher.freshen() } }
      }
      #expect(try directory.authenticate(issued.token, at: .now()).owner == owner)
    }
    await offThread { watcher.close() }
    // Nobody waits for a thread that has ended.
    await watcher.freshen()
  }
}
