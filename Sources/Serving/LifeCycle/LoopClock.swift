internal import Batching
internal import EventLoop

/// Batching's time, kept by an event loop's timers.
struct LoopClock: BatchClock {
  let loop: EventLoop

  func now() -> ContinuousClock.Instant { .now }

  func schedule(at instant: ContinuousClock.Instant, _ wake: @escaping @Sendable () -> Void) {
    let loop = loop
    let arm: @Sendable () -> Void = {
      _ = loop.schedule(after: ContinuousClock.now.duration(to: instant)) { wake() }
    }
    if loop.isCurrent { arm() } else { loop.execute(arm) }
  }
}
