internal import Accounts
internal import Messages
internal import Time

/// Charges a call to its key's limits, or refuses it and says when to come back.
struct LimitStage: Sendable {
  let limiter: any RateLimiter
  let clock: @Sendable () -> Moment

  init(limiter: any RateLimiter, clock: @escaping @Sendable () -> Moment = Moment.now) {
    self.limiter = limiter
    self.clock = clock
  }

  /// To be called once, before the call costs anything.
  ///
  /// - Parameters:
  ///   - model: one of this server; empty for a call that concerns none.
  ///   - tokens: what the call will use, by estimate.
  /// - Throws: PERMISSION_DENIED for a model that the key does not open; RESOURCE_EXHAUSTED with
  ///   retry advice over a limit. Answers carry the limits' state as RateLimit headers.
  @inline(never)
  func admit(
    _ record: CallRecord?, _ context: CallContext, model: String, tokens: Int
  ) async throws(Status) {
    guard let record else { return }
    let caller = record.caller
    if !model.isEmpty { try caller.checkMay(useModel: model) }
    let decision = await limiter.admit(caller, model: model, tokens: tokens, at: clock())
    record.ended(.limits)
    switch decision {
    case .admitted(let admission):
      record.hold(admission)
      for field in RateLimitHeaders.fields(of: decision) {
        context.appendInitial(field.name, field.value, changes: field.changes)
      }
    case .refused(let refusal):
      record.update { $0.limit = refusal.limit.name }
      var status = Status(.resourceExhausted, refusal.message)
      if let wait = refusal.retryAfter { status.addRetryAdvice(wait) }
      for field in RateLimitHeaders.fields(of: decision) {
        status.metadata.append(field.name, field.value, changes: field.changes)
      }
      throw status
    }
  }

  /// To be called before a stand-in is to answer. Charges the call to the key's limits of that
  /// model besides; its answer tells of those of the model that was asked for.
  ///
  /// - Returns: whether it may: the key opens the model, and has room for it.
  func admitStandIn(_ record: CallRecord, model: String, tokens: Int) async -> Bool {
    let caller = record.caller
    guard caller.may(useModel: model),
      case .admitted(let admission) = await limiter.admit(
        caller, standIn: model, tokens: tokens, at: clock())
    else { return false }
    record.hold(standIn: admission)
    return true
  }

  /// To be called when the stand-in has failed, before anything else is to answer.
  func leaveStandIn(_ record: CallRecord) { record.leaveStandIn(at: clock()) }

  /// Roughly what a text is in tokens: English has about four bytes in one. What it was in truth is
  /// charged at the call's end.
  static func tokens(inBytes bytes: Int) -> Int { bytes / 4 + 1 }
}

extension Caller {
  /// - Throws: PERMISSION_DENIED for a model of which it is not told.
  func checkSees(model name: String) throws(Status) {
    if !isAdmin { try checkMay(useModel: name) }
  }

  /// - Throws: PERMISSION_DENIED for a model that the key does not open.
  func checkMay(useModel name: String) throws(Status) {
    guard may(useModel: name) else {
      throw Status(
        .permissionDenied, "key \(keyID) does not open model \(name); ask for one that does")
    }
  }
}
