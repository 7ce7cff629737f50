internal import Accounts
internal import Caching
internal import Messages
internal import Metrics

/// Answers a request with what was computed for the same one before, or is being computed for it
/// now; only for models whose model.yaml says so.
struct CacheStage: Sendable {
  /// Nil where the server keeps nothing.
  let cache: (any ResponseCache)?

  func answer(
    _ call: PredictCall, _ model: ServedModel, compute: () async throws -> PredictAnswer
  ) async throws -> PredictAnswer {
    guard let plan = model.cache, let cache else { return try await compute() }
    return try await answer(call, model, plan, cache, compute: compute)
  }

  /// Not inlined: a call that has nothing to do with the cache needs no frame of that size.
  @inline(never)
  private func answer(
    _ call: PredictCall, _ model: ServedModel, _ plan: CachePlan, _ cache: any ResponseCache,
    compute: () async throws -> PredictAnswer
  ) async throws -> PredictAnswer {
    if call.refusesCache {
      plan.figures.bypasses.increment()
      say("apus; fwd=request", call)
      return try await compute()
    }
    let key = CacheKey(
      generation: model.generation,
      request: CanonicalRequest.bytes(
        of: call.request, model.facts, of: plan.isPerKey ? call.record?.caller.keyID : nil))
    // Whoever says how long it waits for its own computation does not wait for another's.
    let joins = call.queueTimeout == nil
    let claim = try await cache.claim(key, joining: joins, at: call.start)
    call.record?.ended(.cache)
    switch claim {
    case .hit(let answer):
      plan.figures.hits.increment()
      say("apus; hit", call)
      return PredictAnswer(predictions: answer.predictions, tokens: answer.tokens, isCached: true)
    case .joined(let answer):
      plan.figures.joins.increment()
      say("apus; fwd=miss; collapsed", call)
      return PredictAnswer(predictions: answer.predictions, tokens: answer.tokens, isCached: true)
    case .failed(let status):
      plan.figures.joins.increment()
      throw status
    case .compute(let flight):
      plan.figures.misses.increment()
      say("apus; fwd=miss", call)
      do {
        let answer = try await compute()
        await cache.complete(
          key, flight, CachedAnswer(predictions: answer.predictions, tokens: answer.tokens),
          lifetime: plan.lifetime, at: .now)
        return answer
      } catch {
        await cache.abandon(key, flight, failure: Self.failure(error))
        throw error
      }
    }
  }

  /// Of an error, what holds for everybody who sent the same; nil for what is the call's own: its
  /// client went, its deadline passed, there was no room just then.
  private static func failure(_ error: any Error) -> Status? {
    guard let status = error as? Status else { return nil }
    switch status.code {
    case .cancelled, .deadlineExceeded, .resourceExhausted: return nil
    default: return status
    }
  }

  /// RFC 9211.
  private func say(_ what: String, _ call: PredictCall) {
    call.context.appendInitial("cache-status", what)
  }
}

/// How a model's answers are kept.
struct CachePlan: Sendable {
  let lifetime: Duration
  /// Whether callers with different keys have answers of their own.
  let isPerKey: Bool
  let figures: CacheCounters
}
