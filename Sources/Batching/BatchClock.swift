/// Time as batching sees it; an event loop implements it with its timers, tests with a fake.
package protocol BatchClock: Sendable {
  /// Now, on the monotonic clock.
  func now() -> ContinuousClock.Instant

  /// Calls `wake` once, at `instant` or soon after, on any thread.
  ///
  /// There is no way to take a wake-up back: who asked looks again at what is due. Nobody here has
  /// more than one outstanding unless an earlier one became necessary.
  func schedule(at instant: ContinuousClock.Instant, _ wake: @escaping @Sendable () -> Void)
}

/// What a batcher or scheduler is pinned to: one thread that runs both its jobs and the tasks it
/// starts (an event loop). Without the task preference every continuation bounces through the
/// global pool.
package typealias BatchExecutor = any SerialExecutor & TaskExecutor
