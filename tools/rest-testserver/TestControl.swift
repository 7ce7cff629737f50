internal import Messages
internal import Synchronization

/// Says what it was asked to do.
struct TestControl: ApusV1.ModelControl {
  func loadModel(_ request: ApusV1.LoadModelRequest, context: CallContext) async throws
    -> ApusV1.LoadModelResponse
  {
    if request.model == "broken" {
      throw Status(.failedPrecondition, "version \(request.version) could not be loaded")
    }
    return ApusV1.LoadModelResponse(
      model: try model(request.model, "load \(request.version)"))
  }

  func unloadModel(_ request: ApusV1.UnloadModelRequest, context: CallContext) async throws
    -> ApusV1.UnloadModelResponse
  {
    ApusV1.UnloadModelResponse(model: try model(request.model, "unload \(request.version)"))
  }

  func setLabel(_ request: ApusV1.SetLabelRequest, context: CallContext) async throws
    -> ApusV1.SetLabelResponse
  {
    let what = "label \(request.label) \(request.version) \(request.share)"
    return ApusV1.SetLabelResponse(model: try model(request.model, what))
  }

  func rollBackModel(_ request: ApusV1.RollBackModelRequest, context: CallContext) async throws
    -> ApusV1.RollBackModelResponse
  {
    ApusV1.RollBackModelResponse(model: try model(request.model, "roll back"))
  }

  private func model(_ name: String, _ what: String) throws(Status) -> ApusV1.ModelInfo {
    guard ["embed", "story"].contains(name) else {
      throw Status(.notFound, "there is no model \(name.prefix(100))")
    }
    var info = TestModels.info(name, .embedding)
    info.description = what
    return info
  }
}

/// Jobs in memory, which are over when they are submitted.
final class TestJobs: ApusV1.Jobs {
  private let jobs = Mutex<[ApusV1.Job]>([])

  func submitJob(_ request: ApusV1.SubmitJobRequest, context: CallContext) async throws
    -> ApusV1.SubmitJobResponse
  {
    var job = ApusV1.Job(
      id: "job-\(request.idempotencyKey.isEmpty ? "x" : request.idempotencyKey)",
      createdAt: 1_760_000_000, startedAt: 1_760_000_000.25, endedAt: 1_760_000_001, keyID: "key1")
    switch request.work {
    case .predict(let call):
      job.state = .succeeded
      job.result = .prediction(ApusV1.PredictResponse(model: call.model, version: "1"))
    case .generate(let call):
      job.state = .failed
      job.error = ApusV1.JobError(code: "NOT_FOUND", message: "there is no model \(call.model)")
    case nil: throw Status(.invalidArgument, "work: is missing")
    }
    if !request.webhookURL.isEmpty {
      job.webhook = ApusV1.Webhook(url: request.webhookURL, state: .delivered, attempts: 1)
    }
    let added = job
    jobs.withLock { jobs in
      if !jobs.contains(where: { $0.id == added.id }), jobs.count < 1000 { jobs.append(added) }
    }
    return ApusV1.SubmitJobResponse(job: job)
  }

  func getJob(_ request: ApusV1.GetJobRequest, context: CallContext) async throws
    -> ApusV1.GetJobResponse
  {
    ApusV1.GetJobResponse(job: try job(request.id))
  }

  func listJobs(_ request: ApusV1.ListJobsRequest, context: CallContext) async throws
    -> ApusV1.ListJobsResponse
  {
    let found = jobs.withLock { jobs in
      jobs.reversed().filter { request.state == .unspecified || $0.state == request.state }
    }
    let limit = request.limit == 0 ? 100 : Int(request.limit)
    return ApusV1.ListJobsResponse(
      jobs: Array(found.prefix(limit)), nextPage: found.count > limit ? "next" : "")
  }

  func cancelJob(_ request: ApusV1.CancelJobRequest, context: CallContext) async throws
    -> ApusV1.CancelJobResponse
  {
    ApusV1.CancelJobResponse(job: try job(request.id))
  }

  func listDeadLetters(
    _ request: ApusV1.ListDeadLettersRequest, context: CallContext
  ) async throws -> ApusV1.ListDeadLettersResponse {
    let letter = ApusV1.DeadLetter(
      id: "msg_x", jobID: "job-x", keyID: request.keyID, url: "https://example.com/hook",
      attempts: 10, lastError: "the receiver answered 500", createdAt: 1_760_000_000)
    return ApusV1.ListDeadLettersResponse(deadLetters: [letter])
  }

  func resendDeadLetter(
    _ request: ApusV1.ResendDeadLetterRequest, context: CallContext
  ) async throws -> ApusV1.ResendDeadLetterResponse {
    guard request.id == "msg_x" else {
      throw Status(.notFound, "there is no dead letter '\(request.id.prefix(64))'")
    }
    return ApusV1.ResendDeadLetterResponse()
  }

  func rotateWebhookSecrets(
    _ request: ApusV1.RotateWebhookSecretsRequest, context: CallContext
  ) async throws -> ApusV1.RotateWebhookSecretsResponse {
    ApusV1.RotateWebhookSecretsResponse(retiresAt: 1_760_000_000 + (request.overlapSeconds ?? 0))
  }

  private func job(_ id: String) throws(Status) -> ApusV1.Job {
    guard let job = jobs.withLock({ $0.first { $0.id == id } }) else {
      throw Status(.notFound, "there is no job \(id.prefix(100))")
    }
    return job
  }
}
