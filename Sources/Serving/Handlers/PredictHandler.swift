internal import Messages

/// Predict: the path of a request through the stages, each a file of its own in Access, Path or
/// Fallback; Validation is beside this one.
///
///     AccessControl → ModelRoute → Deprecations → LimitStage → FallbackStage ──┐
///                     ┌────────────── for one version after the other ─────────┘
///                     └▶ Validation → CacheStage → VersionBreaker → BatchStage
///     → PredictFormatter → UsageObserver, CallLog
///
/// A class: the frames of a call hold it, not all that it holds.
final class PredictHandler: Sendable {
  let registry: ModelRegistry
  let admission: RouteAdmission
  let fallback: FallbackStage
  let cache: CacheStage
  let batches: BatchStage

  init(
    registry: ModelRegistry, admission: RouteAdmission, fallback: FallbackStage,
    cache: CacheStage, batches: BatchStage
  ) {
    self.registry = registry
    self.admission = admission
    self.fallback = fallback
    self.cache = cache
    self.batches = batches
  }

  /// - Parameter known: the request's route, where somebody has looked it up already.
  func predict(
    _ request: ApusV1.PredictRequest, _ context: CallContext, along known: ModelRoute? = nil
  ) async throws -> ApusV1.PredictResponse {
    let call = try PredictCall(request, context)
    let route =
      known
      ?? registry.route(
        call.request.model, version: call.request.version, for: call.record?.caller)
    let tokens = call.estimatedTokens
    try await admission.admit(
      route, call.record, context, tokens: tokens, instances: call.request.instances.count)
    let outcome = try await fallback.answer(route, context, call.record, tokens: tokens) { model in
      try await answer(call, model)
    }
    call.record?.finish(outcome)
    return PredictFormatter.response(call, outcome)
  }

  /// Not inlined: what the stages of one version hold is not to be in the frame around all of them.
  @inline(never)
  private func answer(_ call: PredictCall, _ model: ServedModel) async throws -> PredictAnswer {
    try Validation.check(call.request, model)
    call.record?.ended(.validation)
    return try await cache.answer(call, model) {
      try await model.breaker.guarding { try await batches.answer(call, model) }
    }
  }
}

extension CallRecord {
  fileprivate func finish(_ outcome: FallbackStage.Outcome<PredictAnswer>) {
    guard case .answered(let answer, _, _) = outcome else { return }
    update {
      $0.tokensIn = answer.tokens
      $0.cached = answer.isCached
    }
  }
}
