internal import Messages

/// Changing the models of a running server: checks what operators ask for and hands it to the
/// keeper.
struct ControlService: ApusV1.ModelControl {
  let keeper: ModelKeeper
  let models: ModelHandlers

  func loadModel(_ request: ApusV1.LoadModelRequest, context: CallContext) async throws
    -> ApusV1.LoadModelResponse
  {
    try await keeper.perform(.load(request.model, version: request.version))
    return ApusV1.LoadModelResponse(model: try info(request.model))
  }

  func unloadModel(_ request: ApusV1.UnloadModelRequest, context: CallContext) async throws
    -> ApusV1.UnloadModelResponse
  {
    try await keeper.perform(.unload(request.model, version: request.version))
    return ApusV1.UnloadModelResponse(model: try info(request.model))
  }

  func setLabel(_ request: ApusV1.SetLabelRequest, context: CallContext) async throws
    -> ApusV1.SetLabelResponse
  {
    guard ModelRegistry.Label.isName(request.label) else {
      throw Validation.invalid("label", "expected \(ModelRegistry.Label.nameRule)")
    }
    guard (0...1).contains(request.share) else {
      throw Validation.invalid("share", "expected 0 to 1, got \(request.share)")
    }
    var version: Int?
    if !request.version.isEmpty {
      version =
        try Int(request.version)
        ?? models.registry.resolve(request.model, version: request.version).version
    }
    try await keeper.perform(
      .label(request.model, label: request.label, version: version, share: request.share))
    return ApusV1.SetLabelResponse(model: try info(request.model))
  }

  func rollBackModel(_ request: ApusV1.RollBackModelRequest, context: CallContext) async throws
    -> ApusV1.RollBackModelResponse
  {
    try await keeper.perform(.rollBack(request.model))
    return ApusV1.RollBackModelResponse(model: try info(request.model))
  }

  private func info(_ name: String) throws(Status) -> ApusV1.ModelInfo? {
    try models.get(ApusV1.GetModelRequest(name: name)).model
  }
}
