internal import Jobs
internal import Messages
internal import Time

extension PlainText {
  /// A job with its result.
  static func job(_ job: ApusV1.Job) -> String {
    var lines = [line(job)]
    switch job.result {
    case .prediction(let answer): lines.append(predict(answer))
    case .generation(let answer):
      let usage = answer.usage ?? ApusV1.Usage()
      lines.append(answer.text)
      lines.append(
        "(\(answer.model)/\(answer.version), \(usage.promptTokens) + \(usage.completionTokens) "
          + "tokens; \(answer.finishReason == .length ? "length reached" : "end of text"))")
    case nil: break
    }
    return lines.joined(separator: "\n")
  }

  static func jobs(_ answer: ApusV1.ListJobsResponse) -> String {
    if answer.jobs.isEmpty { return "there are no such jobs" }
    return (answer.jobs.map(line) + older(answer.nextPage)).joined(separator: "\n")
  }

  private static func line(_ job: ApusV1.Job) -> String {
    var facts = ["\(job.id)  \(job.state)", "submitted \(time(job.createdAt))"]
    if job.endedAt > 0, job.startedAt > 0 {
      facts.append("took \(fixed(job.endedAt - job.startedAt, 2)) s")
    }
    if let error = job.error { facts.append("\(error.code): \(error.message)") }
    if let webhook = job.webhook {
      facts.append("webhook \(webhook.state) after \(webhook.attempts) calls")
      if !webhook.lastError.isEmpty { facts.append(webhook.lastError) }
    }
    return facts.joined(separator: ", ")
  }

  static func deadLetters(_ answer: ApusV1.ListDeadLettersResponse) -> String {
    if answer.deadLetters.isEmpty { return "no webhook was given up" }
    let lines = answer.deadLetters.map { letter in
      "\(letter.id)  of \(letter.jobID), key \(letter.keyID), ended \(time(letter.createdAt)), "
        + "\(letter.attempts) calls of \(letter.url): \(letter.lastError)"
    }
    return (lines + older(answer.nextPage)).joined(separator: "\n")
  }

  private static func older(_ page: String) -> [String] {
    page.isEmpty ? [] : ["older ones: --page \(page)"]
  }

  /// `2026-11-20T15:04:05Z` of seconds since 1970.
  static func time(_ seconds: Double) -> String {
    UnixTime(microseconds: Int64(seconds.rounded(.down)) * 1_000_000).text(.seconds)
  }
}
