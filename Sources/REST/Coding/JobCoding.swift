internal import JSON
internal import Messages

extension ApusV1.SubmitJobRequest {
  /// Reads the body of `POST /v1/jobs`: what the work is stands under its name.
  init(_ fields: Fields) throws(FieldError) {
    self.init()
    try fields.allowOnly(["predict", "generate", "webhook_url", "idempotency_key"])
    webhookURL = try fields.string("webhook_url") ?? ""
    idempotencyKey = try fields.string("idempotency_key") ?? ""
    switch (try fields.object("predict"), try fields.object("generate")) {
    case (let predict?, nil): work = .predict(try ApusV1.PredictRequest(predict))
    case (nil, let generate?): work = .generate(try ApusV1.StreamPredictRequest(generate))
    default: throw fields.error("predict", "expected either predict or generate")
    }
  }
}

extension ApusV1.JobState {
  static let named: [(name: String, state: ApusV1.JobState)] = [
    ("queued", .queued), ("running", .running), ("succeeded", .succeeded), ("failed", .failed),
    ("cancelled", .cancelled),
  ]

  var name: String { Self.named.first { $0.state == self }?.name ?? "unknown" }
}

extension ApusV1.Job {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("id", id)
      json.member("object", "job")
      json.member("state", state.name)
      json.time("created_at", createdAt)
      json.time("started_at", startedAt)
      json.time("ended_at", endedAt)
      switch result {
      case .prediction(let prediction):
        json.key("prediction")
        prediction.write(to: &json)
      case .generation(let generation):
        json.key("generation")
        generation.write(to: &json)
      case nil: break
      }
      if let error {
        json.key("error")
        json.object { json in
          json.member("code", error.code)
          json.member("message", error.message)
        }
      }
      json.member("key_id", keyID)
      webhook?.writeMember(to: &json)
    }
  }
}

extension ApusV1.Generation {
  fileprivate func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("text", text)
      json.member("finish_reason", finishReason.name)
      json.member("model", model)
      json.member("model_version", version)
      if let usage {
        json.key("usage")
        usage.write(to: &json)
      }
    }
  }
}

extension ApusV1.Webhook {
  fileprivate func writeMember(to json: inout JSONWriter) {
    json.key("webhook")
    json.object { json in
      json.member("url", url)
      json.member("state", state.name)
      json.member("attempts", attempts)
      json.member("last_error", lastError)
      json.time("next_attempt_at", nextAttemptAt)
    }
  }
}

extension ApusV1.DeadLetter {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("id", id)
      json.member("job_id", jobID)
      json.member("key_id", keyID)
      json.member("url", url)
      json.member("attempts", attempts)
      json.member("last_error", lastError)
      json.time("created_at", createdAt)
    }
  }
}

extension ApusV1.WebhookState {
  var name: String {
    switch self {
    case .pending: "pending"
    case .delivered: "delivered"
    case .dead: "dead"
    case .unspecified, .unrecognized: "unknown"
    }
  }
}
