internal import Messages
internal import Metrics

/// Health in the contract's words; `grpc.health.v1` says the same to probes.
struct HealthHandler: Sendable {
  let registry: ModelRegistry
  let readiness: Readiness
  let started: ContinuousClock.Instant

  func health(_ request: ApusV1.HealthRequest) throws(Status) -> ApusV1.HealthResponse {
    let models = request.model.isEmpty ? registry.all : [try registry.model(request.model)]
    let verdict = readiness.verdict(for: request.model.isEmpty ? nil : request.model)
    var response = ApusV1.HealthResponse()
    response.live = verdict.isLive
    response.ready = verdict.isReady
    response.reason = verdict.reason
    response.serverVersion = ServerVersion.current
    response.uptimeSeconds = started.duration(to: .now).seconds
    response.models = models.flatMap(Self.states)
    return response
  }

  private static func states(of model: ModelRegistry.Model) -> [ApusV1.ModelState] {
    if model.versions.isEmpty {
      return [ApusV1.ModelState(name: model.name, state: .failed, error: model.problem ?? "")]
    }
    return model.versions.reversed().map { version in
      var state = ApusV1.ModelState(name: model.name, version: String(version.number))
      state.state = version.wireState
      if case .failed(let reason) = version.state { state.error = reason }
      return state
    }
  }
}
