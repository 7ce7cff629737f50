internal import Accounts
internal import Messages

/// Whether server and models are ready, and what the models take and give.
struct DescriptionHandler: Sendable {
  let registry: ModelRegistry
  let deprecations: Deprecations
  let readiness: Readiness

  var isLive: Bool { readiness.verdict().isLive }
  var isReady: Bool { readiness.verdict().isReady }

  /// - Throws: where there is no such model or version.
  func isReady(_ request: OpenInference.ModelReadyRequest) throws(Status) -> Bool {
    do throws(Status) {
      let model = try registry.resolve(request.name, version: request.version)
      return readiness.verdict(for: request.name).isReady
        && !deprecations.hasGone(model.name, version: model.version)
    } catch {
      if error.code == .unavailable { return false }
      throw error
    }
  }

  /// - Throws: where there is no such model or version, it is not loaded, or the caller's key does
  ///   not open it.
  func metadata(
    _ request: OpenInference.ModelMetadataRequest, for caller: Caller?
  ) throws(Status) -> OpenInference.ModelMetadataResponse {
    if registry.contains(request.name) { try caller?.checkSees(model: request.name) }
    let model = try registry.resolve(request.name, version: request.version, for: caller)
    let versions = try registry.model(request.name).versions.filter { $0.state.phase == .ready }
    return ModelSignature(model).metadata(
      platform: "apus", versions: versions.map { String($0.number) })
  }
}
