internal import JSON
internal import Messages

extension JSONText {
  static func job(_ job: ApusV1.Job) -> String {
    var json = JSONWriter(escapesInvisible: true)
    append(job, to: &json)
    return json.text
  }

  static func jobs(_ answer: ApusV1.ListJobsResponse) -> String {
    var json = JSONWriter(escapesInvisible: true)
    json.beginObject()
    json.key("jobs")
    json.beginArray()
    for job in answer.jobs { append(job, to: &json) }
    json.endArray()
    json.field("next_page", answer.nextPage)
    json.endObject()
    return json.text
  }

  private static func append(_ job: ApusV1.Job, to json: inout JSONWriter) {
    json.beginObject()
    json.field("id", job.id)
    json.field("state", job.state.contractName)
    json.field("created_at", job.createdAt)
    json.field("started_at", job.startedAt)
    json.field("ended_at", job.endedAt)
    switch job.result {
    case .prediction(let answer):
      json.key("prediction")
      append(answer, to: &json)
    case .generation(let answer):
      json.key("generation")
      json.beginObject()
      json.field("text", answer.text)
      json.field("finish_reason", answer.finishReason.contractName)
      json.field("model", answer.model)
      json.field("version", answer.version)
      json.field("prompt_tokens", Int(answer.usage?.promptTokens ?? 0))
      json.field("completion_tokens", Int(answer.usage?.completionTokens ?? 0))
      json.endObject()
    case nil: break
    }
    if let error = job.error {
      json.key("error")
      json.beginObject()
      json.field("code", error.code)
      json.field("message", error.message)
      json.endObject()
    }
    json.field("key_id", job.keyID)
    if let webhook = job.webhook { append(webhook, to: &json) }
    json.endObject()
  }

  private static func append(_ webhook: ApusV1.Webhook, to json: inout JSONWriter) {
    json.key("webhook")
    json.beginObject()
    json.field("url", webhook.url)
    json.field("state", webhook.state.contractName)
    json.field("attempts", Int(webhook.attempts))
    json.field("last_error", webhook.lastError)
    json.field("next_attempt_at", webhook.nextAttemptAt)
    json.endObject()
  }

  static func deadLetters(_ answer: ApusV1.ListDeadLettersResponse) -> String {
    var json = JSONWriter(escapesInvisible: true)
    json.beginObject()
    json.key("dead_letters")
    json.beginArray()
    for letter in answer.deadLetters {
      json.beginObject()
      json.field("id", letter.id)
      json.field("job_id", letter.jobID)
      json.field("key_id", letter.keyID)
      json.field("url", letter.url)
      json.field("attempts", Int(letter.attempts))
      json.field("last_error", letter.lastError)
      json.field("created_at", letter.createdAt)
      json.endObject()
    }
    json.endArray()
    json.field("next_page", answer.nextPage)
    json.endObject()
    return json.text
  }
}
