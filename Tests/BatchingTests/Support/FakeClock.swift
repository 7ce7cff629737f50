import Batching
import Synchronization

/// Time that stands still until it is moved.
final class FakeClock: BatchClock {
  private struct State {
    var now: ContinuousClock.Instant
    var alarms: [(at: ContinuousClock.Instant, wake: @Sendable () -> Void)] = []
  }
  let start: ContinuousClock.Instant
  private let state: Mutex<State>

  init() {
    start = .now
    state = Mutex(State(now: start))
  }

  func now() -> ContinuousClock.Instant { state.withLock { $0.now } }

  func schedule(at instant: ContinuousClock.Instant, _ wake: @escaping @Sendable () -> Void) {
    state.withLock { $0.alarms.append((instant, wake)) }
  }

  var alarmCount: Int { state.withLock { $0.alarms.count } }

  func advance(by duration: Duration) {
    let due = state.withLock { state in
      state.now += duration
      let due = state.alarms.filter { $0.at <= state.now }
      state.alarms.removeAll { $0.at <= state.now }
      return due
    }
    for alarm in due { alarm.wake() }
  }
}

/// The monotonic clock as it is, for tests of real threads that measure nothing.
struct RealClock: BatchClock {
  func now() -> ContinuousClock.Instant { .now }
  func schedule(at instant: ContinuousClock.Instant, _ wake: @escaping @Sendable () -> Void) {
    Task {
      try await Task.sleep(until: instant, clock: .continuous)
      wake()
    }
  }
}

/// A gate that stays shut until opened; waiting for it does not need time to pass.
final class Gate: Sendable {
  private let state = Mutex((isOpen: false, waiters: [CheckedContinuation<Void, Never>]()))

  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiters.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }
}

/// A value that several tasks change.
final class Shared<Value: Sendable>: Sendable {
  private let mutex: Mutex<Value>
  init(_ value: Value) { mutex = Mutex(value) }
  var value: Value { mutex.withLock { $0 } }
  func update<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
    mutex.withLock { body(&$0) }
  }
}
