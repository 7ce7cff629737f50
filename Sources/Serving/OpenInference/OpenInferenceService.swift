internal import Messages

/// The Open Inference Protocol (KServe v2) beside the server's own contract: every method in one
/// line, on the same models.
struct OpenInferenceService: OpenInference.GRPCInferenceService {
  let inferences: InferHandler
  let descriptions: DescriptionHandler

  init(_ service: InferenceService, _ readiness: Readiness) {
    inferences = InferHandler(predictions: service.predictions)
    let predictions = service.predictions
    descriptions = DescriptionHandler(
      registry: predictions.registry, deprecations: predictions.admission.deprecations,
      readiness: readiness)
  }

  func serverLive(_ request: OpenInference.ServerLiveRequest, context: CallContext) async throws
    -> OpenInference.ServerLiveResponse
  {
    OpenInference.ServerLiveResponse(live: descriptions.isLive)
  }

  func serverReady(_ request: OpenInference.ServerReadyRequest, context: CallContext) async throws
    -> OpenInference.ServerReadyResponse
  {
    OpenInference.ServerReadyResponse(ready: descriptions.isReady)
  }

  func modelReady(_ request: OpenInference.ModelReadyRequest, context: CallContext) async throws
    -> OpenInference.ModelReadyResponse
  {
    OpenInference.ModelReadyResponse(ready: try descriptions.isReady(request))
  }

  func serverMetadata(
    _ request: OpenInference.ServerMetadataRequest, context: CallContext
  ) async throws -> OpenInference.ServerMetadataResponse {
    OpenInference.ServerMetadataResponse(name: "apus", version: ServerVersion.current)
  }

  func modelMetadata(
    _ request: OpenInference.ModelMetadataRequest, context: CallContext
  ) async throws -> OpenInference.ModelMetadataResponse {
    try descriptions.metadata(request, for: context.record?.caller)
  }

  func modelInfer(_ request: OpenInference.ModelInferRequest, context: CallContext) async throws
    -> OpenInference.ModelInferResponse
  {
    try await inferences.infer(request, context)
  }
}
