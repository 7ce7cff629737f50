internal import Messages

/// Predict: the path of a request through the stages, each a file of its own.
///
///     AccessControl → ModelRoute → Deprecations → LimitStage
///     → Validation → CacheStage → BatchStage
///           ▲     FallbackStage: the next version or model
///           └────────────────────────┘
///     → PredictFormatter → UsageObserver, CallLog
struct PredictHandler: Sendable {
  let registry: ModelRegistry
  let deprecations: Deprecations
  let limits: LimitStage
  let fallback: FallbackStage
  let cache: CacheStage
  let batches: BatchStage

  func predict(_ request: ApusV1.PredictRequest, _ context: CallContext) async throws
    -> ApusV1.PredictResponse
  {
    let call = try PredictCall(request, context)
    let route = registry.route(request.model, version: request.version)
    let tokens = call.estimatedTokens
    call.record?.found(route, instances: request.instances.count)
    try deprecations.admit(route, context)
    try await limits.admit(call.record, context, model: route.name, tokens: tokens)
    let outcome = try await fallback.answer(route, context, call.record, tokens: tokens) { model in
      try Validation.check(request, model)
      call.record?.ended(.validation)
      return try await cache.answer(call, model) {
        try await model.breaker.guarding { try await batches.answer(call, model) }
      }
    }
    call.record?.finish(outcome)
    return PredictFormatter.response(call, outcome)
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
