internal import Caching
internal import Messages

/// The service of the contract: every method in one line, each with a handler of its own.
struct InferenceService: ApusV1.Inference {
  let predictions: PredictHandler
  let generations: GenerateHandler
  let healthChecks: HealthHandler
  let models: ModelHandlers

  init(
    registry: ModelRegistry, readiness: Readiness, cache: (any ResponseCache)?,
    sides: SideThreads, fallback: FallbackStage
  ) {
    let admission = RouteAdmission(deprecations: fallback.deprecations, limits: fallback.limits)
    predictions = PredictHandler(
      registry: registry, admission: admission, fallback: fallback,
      cache: CacheStage(cache: cache), batches: BatchStage(sides: sides))
    generations = GenerateHandler(
      registry: registry, admission: admission, fallback: fallback,
      prompts: PromptEncoder(longTexts: sides.longTexts))
    healthChecks = HealthHandler(registry: registry, readiness: readiness, started: .now)
    models = ModelHandlers(registry: registry, deprecations: fallback.deprecations)
  }

  func predict(_ request: ApusV1.PredictRequest, context: CallContext) async throws
    -> ApusV1.PredictResponse
  {
    try await predictions.predict(request, context)
  }

  func streamPredict(
    _ request: ApusV1.StreamPredictRequest,
    responses: ResponseWriter<ApusV1.StreamPredictResponse>, context: CallContext
  ) async throws {
    try await generations.generate(request, responses, context)
  }

  func health(_ request: ApusV1.HealthRequest, context: CallContext) async throws
    -> ApusV1.HealthResponse
  {
    try healthChecks.health(request)
  }

  func listModels(_ request: ApusV1.ListModelsRequest, context: CallContext) async throws
    -> ApusV1.ListModelsResponse
  {
    models.list(for: context.record?.caller)
  }

  func getModel(_ request: ApusV1.GetModelRequest, context: CallContext) async throws
    -> ApusV1.GetModelResponse
  {
    try models.get(request, for: context.record?.caller)
  }
}
