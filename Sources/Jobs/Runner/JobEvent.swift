/// What an operator may want to read of the runner and the sender, in the log or in metrics.
package enum JobEvent: Sendable {
  case started(id: String, owner: String, kind: String, attempt: Int)
  case ended(id: String, owner: String, kind: String, state: JobState)
  /// Put back because the server stops.
  case givenBack(id: String)
  /// The database could not be used; the same is tried again.
  case troubled(JobQueueError)
  case called(webhook: String, host: String, outcome: DeliveryOutcome)

  package typealias Observer = @Sendable (JobEvent) -> Void
}
