internal import Accounts
internal import Jobs
internal import Messages
internal import Time

// What administrators do about webhooks; `Access` lets nobody else come here.

extension JobHandlers {
  func listDeadLetters(
    _ request: ApusV1.ListDeadLettersRequest, context: CallContext
  ) async throws -> ApusV1.ListDeadLettersResponse {
    let query = try JobQuery(request)
    let page = try await ask { jobs throws(JobQueueError) in try await jobs.deadLetters(query) }
    return ApusV1.ListDeadLettersResponse(
      deadLetters: page.items.map { ApusV1.DeadLetter($0) }, nextPage: page.next)
  }

  func resendDeadLetter(
    _ request: ApusV1.ResendDeadLetterRequest, context: CallContext
  ) async throws -> ApusV1.ResendDeadLetterResponse {
    try await ask { jobs throws(JobQueueError) in
      try await jobs.redeliver(request.id, owner: nil)
    }
    book?.changed()
    return ApusV1.ResendDeadLetterResponse()
  }

  func rotateWebhookSecrets(
    _ request: ApusV1.RotateWebhookSecretsRequest, context: CallContext
  ) async throws -> ApusV1.RotateWebhookSecretsResponse {
    let seconds = request.overlapSeconds ?? Self.overlap
    guard (0...Self.longestOverlap).contains(seconds) else {
      throw Validation.invalid(
        "overlap_seconds", "expected 0 to \(Int(Self.longestOverlap)), got \(seconds)")
    }
    let end = try await ask { jobs throws(JobQueueError) in
      try await jobs.rotateWebhookSecrets(overlap: .milliseconds(Int64(seconds * 1000)))
    }
    return ApusV1.RotateWebhookSecretsResponse(retiresAt: end.seconds)
  }

  /// Receivers have so long, in seconds, to be given the new secret.
  private static let overlap = 86_400.0
  private static let longestOverlap = 31_536_000.0
}
