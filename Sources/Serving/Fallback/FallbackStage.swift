internal import Messages

/// Has something else answer where a version cannot: it is not loaded, its breaker is open, or it
/// fails in a way that is worth another try. What answers says so.
struct FallbackStage: Sendable {
  let limits: LimitStage
  let registry: ModelRegistry
  let deprecations: Deprecations
  let metrics: BreakerMetrics

  enum Outcome<Answer: Sendable>: Sendable {
    case answered(Answer, by: ServedModel, ApusV1.Fallback?)
    /// By nobody: an operator wrote it.
    case written(StaticAnswer, ApusV1.Fallback)
  }

  /// - Parameters:
  ///   - tokens: what the call will use, by estimate.
  ///   - attempt: called with one version after the other until one answers; at most once for each
  ///     step of the chain, and not once the call has been cancelled or its deadline has passed.
  /// - Throws: what kept the version that was asked for from answering; DEADLINE_EXCEEDED where the
  ///   time was over with a later one.
  func answer<Answer: Sendable>(
    _ route: ModelRoute, _ context: CallContext, _ record: CallRecord?, tokens: Int,
    attempt: (ServedModel) async throws -> Answer
  ) async throws -> Outcome<Answer> {
    do {
      let model = try route.target.get()
      return .answered(try await attempt(model), by: model, nil)
    } catch {
      return try await fallBack(
        from: error, route, context, record, tokens: tokens, attempt: attempt)
    }
  }

  /// Not inlined: the frame of a call that goes well is to be small.
  @inline(never)
  private func fallBack<Answer: Sendable>(
    from error: any Error, _ route: ModelRoute, _ context: CallContext, _ record: CallRecord?,
    tokens: Int, attempt: (ServedModel) async throws -> Answer
  ) async throws -> Outcome<Answer> {
    guard let failure = error as? Status, Self.isWorthAnotherTry(failure, route) else {
      throw error
    }
    for step in route.fallback {
      if Task.isCancelled { throw CancellationError() }
      let (kind, model) = candidate(for: step, route)
      if case .fixed(let answer) = step {
        tell(kind, route, nil, record)
        return .written(answer, Self.fallback(kind, route, failure))
      }
      guard let model, !deprecations.hasGone(model.name, version: model.version),
        await mayUse(model, standingInFor: route, record, tokens: tokens)
      else { continue }
      do {
        let answer = try await attempt(model)
        tell(kind, route, model, record)
        return .answered(answer, by: model, Self.fallback(kind, route, failure))
      } catch let status as Status {
        // The caller's time is over; else it does no better, and it is the next step's turn.
        if status.code == .deadlineExceeded { throw status }
        if let record { limits.leaveStandIn(record) }
      }
    }
    throw failure
  }

  // MARK: Steps

  private func candidate(
    for step: FallbackStep, _ route: ModelRoute
  ) -> (FallbackKind, ServedModel?) {
    switch step {
    case .previous: return (.previousVersion, route.previous)
    case .fixed: return (.staticAnswer, nil)
    case .model(let name):
      guard name != route.name, let model = try? registry.resolve(name, version: "") else {
        return (.otherModel, nil)
      }
      return (.otherModel, model)
    }
  }

  /// Whether the call's key opens the model too, and has room for it.
  private func mayUse(
    _ model: ServedModel, standingInFor route: ModelRoute, _ record: CallRecord?, tokens: Int
  ) async -> Bool {
    guard model.name != route.name, let record else { return true }
    return await limits.admitStandIn(record, model: model.name, tokens: tokens)
  }

  /// Shutdown and mistakes are the same everywhere; a full queue may be another model's chance, if
  /// its owner counts that as a failure.
  private static func isWorthAnotherTry(_ status: Status, _ route: ModelRoute) -> Bool {
    switch status.code {
    case .unavailable, .internal, .unknown, .dataLoss: !route.fallback.isEmpty
    case .resourceExhausted: route.fallsBackWhenFull && !route.fallback.isEmpty
    default: false
    }
  }

  // MARK: What is told

  private static func fallback(
    _ kind: FallbackKind, _ route: ModelRoute, _ failure: Status
  ) -> ApusV1.Fallback {
    var fallback = ApusV1.Fallback()
    fallback.kind =
      switch kind {
      case .previousVersion: .previousVersion
      case .otherModel: .otherModel
      case .staticAnswer: .staticAnswer
      }
    fallback.model = route.name
    fallback.version = route.version > 0 ? String(route.version) : ""
    fallback.reason = failure.message
    return fallback
  }

  private func tell(
    _ kind: FallbackKind, _ route: ModelRoute, _ model: ServedModel?, _ record: CallRecord?
  ) {
    metrics.fellBack(from: route.name, to: kind)
    record?.fellBack(kind, to: model)
  }
}
