/// Bounds on what the queue keeps.
package struct JobLimits: Sendable {
  /// Most jobs of one owner that wait.
  package var waitingPerOwner = 1000
  /// Most jobs that wait.
  package var waiting = 10_000
  /// Bytes of a payload.
  package var payload = 4 << 20
  /// Bytes of a result; a job whose result is longer fails.
  package var result = 4 << 20
  /// Starts of one job before it counts as one that brings servers down.
  package var attempts = 3
  /// Most jobs that have ended and are kept.
  package var kept = 100_000
  /// How long an idempotency key is kept, if its job is.
  package var idempotency = Duration.seconds(86_400)

  package init() {}
}
