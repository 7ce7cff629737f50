package import Time

/// Where runner and sender have their time from, so that tests can be their time's masters.
package struct JobClock: Sendable {
  package let now: @Sendable () -> UnixTime
  /// Comes back when so much time has passed, or sooner when the task is cancelled.
  package let sleep: @Sendable (Duration) async -> Void

  package init(
    now: @escaping @Sendable () -> UnixTime, sleep: @escaping @Sendable (Duration) async -> Void
  ) {
    self.now = now
    self.sleep = sleep
  }

  /// The system's.
  package static let system = JobClock(
    now: { .now() }, sleep: { try? await Task.sleep(for: $0) })
}
