internal import Accounts
internal import Jobs
internal import Messages
internal import Web

/// What can be said of a job when it is submitted, at little cost; the rest shows when it runs.
struct JobChecks: Sendable {
  let registry: ModelRegistry
  let deprecations: Deprecations

  /// - Returns: the job as the queue takes it.
  func newJob(_ request: ApusV1.SubmitJobRequest, of caller: Caller?) throws(Status) -> NewJob {
    let (kind, payload): (JobWork.Kind, [UInt8])
    switch request.work {
    case .predict(let work):
      try check(work, of: caller)
      (kind, payload) = (.predict, work.encoded())
    case .generate(let work):
      try check(work, of: caller)
      (kind, payload) = (.generate, work.encoded())
    case nil: throw Validation.invalid("predict", "expected either predict or generate")
    }
    return NewJob(
      owner: "\(caller?.keyID ?? .anonymous)", kind: kind.rawValue, payload: payload,
      webhook: try Self.webhook(request.webhookURL),
      idempotencyKey: request.idempotencyKey.isEmpty ? nil : request.idempotencyKey)
  }

  private static func webhook(_ text: String) throws(Status) -> WebURL? {
    if text.isEmpty { return nil }
    do throws(WebError) { return try WebURL(text) } catch {
      if error.kind == .invalidRequest { throw Validation.invalid("webhook_url", error.reason) }
      throw Status(.unavailable, "webhooks cannot be called; the log says why", cause: error)
    }
  }

  private func check(_ request: ApusV1.PredictRequest, of caller: Caller?) throws(Status) {
    guard let model = try model(request.model, version: request.version, caller) else { return }
    if case .generation = model.runner {
      throw Validation.invalid(
        "predict", "model \(model.name) generates text: submit it as generate")
    }
    try Validation.checkInstances(request.instances, model)
    try Validation.checkOptions(request.options, model)
  }

  private func check(
    _ request: ApusV1.StreamPredictRequest, of caller: Caller?
  ) throws(Status) {
    if let model = try model(request.model, version: request.version, caller) {
      guard case .generation = model.runner else {
        throw Validation.invalid(
          "generate", "model \(model.name) does not generate text: submit it as predict")
      }
    }
    _ = try Validation.sampling(of: request)
    if !request.messages.isEmpty { _ = try Validation.messages(of: request) }
  }

  /// - Returns: nil for a model that is still being loaded.
  private func model(
    _ name: String, version: String, _ caller: Caller?
  ) throws(Status) -> ServedModel? {
    let standing = try registry.model(name, for: caller).standing
    try caller?.checkMay(useModel: name)
    let model: ServedModel
    do throws(Status) {
      model = try registry.resolve(name, version: version)
    } catch {
      if error.code == .unavailable, standing == .loading { return nil }
      throw error
    }
    try deprecations.check(name, version: model.version)
    return model
  }
}
