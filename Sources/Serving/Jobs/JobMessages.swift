internal import Accounts
internal import Jobs
internal import Messages
internal import Time

// The queue's values to the contract's messages, and back.

// Within extensions of `ApusV1` its own names come first.
typealias KeptJob = Job
typealias KeptJobState = JobState
typealias KeptDeadLetter = DeadLetter

extension ApusV1.Job {
  init(_ job: KeptJob) {
    self.init()
    id = job.id
    state = ApusV1.JobState(job.state)
    createdAt = job.created.seconds
    startedAt = job.started?.seconds ?? 0
    endedAt = job.ended?.seconds ?? 0
    keyID = job.owner
    result = job.result.flatMap { Self.result($0, ofKind: job.kind) }
    error = job.failure.map { ApusV1.JobError(code: $0.code, message: $0.message) }
    webhook = job.webhook.map { ApusV1.Webhook($0) }
  }

  /// - Returns: nil for what this program would not have written.
  private static func result(_ bytes: [UInt8], ofKind kind: String) -> Result? {
    switch JobWork.Kind(rawValue: kind) {
    case .predict: (try? ApusV1.PredictResponse(bytes)).map { .prediction($0) }
    case .generate: (try? ApusV1.Generation(bytes)).map { .generation($0) }
    case nil: nil
    }
  }
}

extension ApusV1.JobState {
  init(_ state: KeptJobState) {
    self =
      switch state {
      case .queued: .queued
      case .running: .running
      case .succeeded: .succeeded
      case .failed: .failed
      case .cancelled: .cancelled
      }
  }
}

extension ApusV1.Webhook {
  fileprivate init(_ status: WebhookStatus) {
    self.init()
    url = status.url
    state =
      switch status.state {
      case .pending: .pending
      case .delivered: .delivered
      case .dead: .dead
      }
    attempts = UInt32(clamping: status.attempts)
    lastError = status.lastError
    nextAttemptAt = status.next?.seconds ?? 0
  }
}

extension ApusV1.DeadLetter {
  init(_ letter: KeptDeadLetter) {
    self.init(
      id: letter.id, jobID: letter.job, keyID: letter.owner, url: letter.url,
      attempts: UInt32(clamping: letter.attempts), lastError: letter.lastError,
      createdAt: letter.created.seconds)
  }
}

extension JobQuery {
  init(_ request: ApusV1.ListDeadLettersRequest) throws(Status) {
    self.init(owner: request.keyID.isEmpty ? nil : request.keyID)
    try take(limit: request.limit, page: request.page)
  }

  init(_ request: ApusV1.ListJobsRequest, owner: String) throws(Status) {
    self.init(owner: owner)
    if request.state != .unspecified {
      guard let state = KeptJobState.allCases.first(where: { .init($0) == request.state }) else {
        throw Validation.invalid("state", "there is no state \(request.state.rawValue)")
      }
      self.state = state
    }
    try take(limit: request.limit, page: request.page)
  }

  private mutating func take(limit wanted: UInt32, page: String) throws(Status) {
    guard wanted <= 1_000 else {
      throw Validation.invalid("limit", "expected 1 to 1000, or 0 for 100, got \(wanted)")
    }
    if wanted > 0 { limit = Int(wanted) }
    guard page.isEmpty || Int64(page).map({ $0 > 0 }) == true else {
      throw Validation.invalid("page", "expected next_page of the answer before, or nothing")
    }
    self.page = page
  }
}

extension Status {
  init(_ error: JobQueueError) {
    let code: Code =
      switch error.kind {
      case .invalid: .invalidArgument
      case .notFound: .notFound
      case .conflict: .alreadyExists
      case .tooManyWaiting: .resourceExhausted
      case .unavailable: .unavailable
      case .broken: .internal
      }
    // The cause names files: it is for the log.
    self.init(code, error.reason, cause: error.cause == nil ? nil : error)
  }
}
