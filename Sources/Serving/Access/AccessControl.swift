internal import Accounts
internal import EventLoop
internal import Messages
internal import Metrics
internal import RPC
internal import Time

/// Who may call what: the outermost stage of every call, whichever front it came in by.
///
///     key → caller → may it call this method? → has that gone? → within its limits? → handler
///
/// A key that is not known may have been made a moment ago: the first steps are then taken again
/// when the call's messages are there and the keys have been read anew.
struct AccessControl: Interceptor {
  let keys: KeyDirectory
  let limits: LimitStage
  let anonymous: AnonymousAccess
  let deprecations: Deprecations
  let refusals: Family<Counter>
  private let secondLooks: SecondLooks?

  /// - Parameter secondLooks: nil where nobody else changes the keys.
  init(
    keys: KeyDirectory, secondLooks: SecondLooks? = nil, limits: LimitStage,
    anonymous: AnonymousAccess, deprecations: Deprecations, metrics: Registry
  ) {
    self.keys = keys
    self.secondLooks = secondLooks
    self.limits = limits
    self.anonymous = anonymous
    self.deprecations = deprecations
    refusals = metrics.counters(
      "apus_key_refusals_total", help: "Calls refused for their key, by reason.",
      labels: ["reason"])
  }

  /// Key and rights, which stand in the head: nothing is kept for a caller who may not call.
  func admit(_ method: MethodHandler, _ context: CallContext) throws(Status) {
    try admit(method, context, secondLooks)
  }

  private func admit(
    _ method: MethodHandler, _ context: CallContext, _ secondLooks: SecondLooks?
  ) throws(Status) {
    let access = Access.of(method.path)
    if access == .open { return try deprecations.admit(method.path, context) }
    let now = UnixTime.now()
    let began = LoopInstant.monotonic
    let owner = context.attachment as? JobOwner
    let caller: Caller
    if let owner {
      caller = try authenticate(owner, at: now)
    } else {
      switch try find(context.metadata, at: now, secondLooks) {
      case .caller(let found): caller = found
      case .later(let place):
        context.attachment = place
        return
      }
    }
    if access == .admin, !caller.isAdmin { throw refusedToAdministrate(caller) }
    let record = CallRecord(caller: caller, time: now, began: began)
    context.attachment = record
    // What a job calls by is no choice of its owner's.
    if owner == nil { try deprecations.admit(method.path, context) }
    record.ended(.access)
  }

  /// Why a caller may call nothing at all; for fronts that would keep something of it before there
  /// is a call.
  func refusal(_ metadata: Metadata) async -> Status? {
    do throws(Status) {
      guard case .later(let place) = try find(metadata, at: .now(), secondLooks) else { return nil }
      await place.look()
      // Whose call is judged by now, or who has gone.
      if Task.isCancelled { return nil }
      _ = try find(metadata, at: .now(), nil)
      return nil
    } catch {
      return error
    }
  }

  func intercept(
    _ method: MethodHandler, _ context: CallContext, next: () async throws -> Void
  ) async throws {
    if let place = context.attachment as? SecondLooks.Place {
      await place.look()
      context.attachment = nil
      try admit(method, context, nil)
    }
    guard let record = context.record else { return try await next() }
    record.resumed()
    if Access.of(method.path) == .caller {
      try await limits.admit(record, context, model: "", tokens: 0)
    }
    defer { record.handlerEnded(context) }
    try await next()
  }

  private enum Finding {
    case caller(Caller)
    /// The key is not known, and to be looked for once more.
    case later(SecondLooks.Place)
  }

  private func find(
    _ metadata: Metadata, at now: UnixTime, _ secondLooks: SecondLooks?
  ) throws(Status) -> Finding {
    do throws(KeyRefusal) {
      return .caller(try authenticate(metadata, at: now))
    } catch {
      if error.mayBeOutdated, let place = secondLooks?.place() { return .later(place) }
      throw refused(error)
    }
  }

  private func authenticate(
    _ metadata: Metadata, at now: UnixTime
  ) throws(KeyRefusal) -> Caller {
    let token = Credential.token(
      authorization: metadata["authorization"], apiKey: metadata["x-api-key"])
    let keyCount = keys.count
    // Clients that must send something send anything to a server without keys.
    guard let token, keyCount > 0 else {
      if let caller = anonymous.caller(keyCount: keyCount) { return caller }
      throw KeyRefusal(.missing)
    }
    return try keys.authenticate(token, at: now)
  }

  /// A job's call: whoever submitted it showed the key then; the key must still be in force.
  private func authenticate(_ owner: JobOwner, at now: UnixTime) throws(Status) -> Caller {
    if owner.keyID == .anonymous {
      if let caller = anonymous.caller(keyCount: keys.count) { return caller }
      throw refused(
        KeyRefusal(.missing),
        "the job was submitted without a key, and this server asks for one now")
    }
    do throws(KeyRefusal) {
      return try keys.caller(of: owner.keyID, at: now)
    } catch {
      let end =
        switch error.reason {
        case .expired: "has expired"
        case .revoked: "has been revoked"
        default: "is not known to this server any more"
        }
      throw refused(error, "the job's key \(owner.keyID) \(end) since the job was submitted")
    }
  }

  private func refused(_ refusal: KeyRefusal, _ message: String? = nil) -> Status {
    refusals.with(refusal.reason.rawValue).increment()
    return Status(.unauthenticated, message ?? refusal.publicMessage, cause: refusal)
  }

  private func refusedToAdministrate(_ caller: Caller) -> Status {
    refusals.with("not_admin").increment()
    return Status(
      .permissionDenied,
      "this asks for an administrator's key, and \(caller.keyID) is none; make one with --admin")
  }
}

/// Whether one may call without a key. Limits are keys': such callers have none.
struct AnonymousAccess: Sendable {
  /// `--allow-anonymous`: always, but never to administrate.
  let isAllowed: Bool
  private let guest: Caller
  private let owner: Caller

  init(isAllowed: Bool) {
    self.isAllowed = isAllowed
    guest = .anonymous(isAdmin: false, limits: .unlimited)
    owner = .anonymous(isAdmin: true, limits: .unlimited)
  }

  /// Before there is a key, whoever reaches the server (which then listens on this machine alone)
  /// owns it; one key, even a revoked one, ends that.
  func caller(keyCount: Int) -> Caller? {
    if isAllowed { return guest }
    return keyCount == 0 ? owner : nil
  }
}
