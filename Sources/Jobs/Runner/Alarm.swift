internal import Synchronization

/// Wakes the one task that waits for it. A ring that finds nobody waiting is kept for the next
/// wait.
final class Alarm: Sendable {
  fileprivate struct State {
    var isRung = false
    var waiter: CheckedContinuation<Void, Never>?
    /// Of the present wait: the timer of an earlier one must not end it.
    var number: UInt64 = 0
  }

  private let state = Mutex(State())
  private let clock: JobClock

  init(clock: JobClock) { self.clock = clock }

  func ring() {
    let waiter = state.withLock { state in
      state.isRung = state.waiter == nil
      return state.takeWaiter()
    }
    waiter?.resume()
  }

  /// Waits for a ring, for that long at most.
  ///
  /// - Parameter limit: nil for as long as it takes.
  func wait(atMost limit: Duration?) async {
    let number = state.withLock { state in
      state.number += 1
      return state.number
    }
    let timer = limit.map { limit in
      Task { [weak self, clock] in
        await clock.sleep(limit)
        if !Task.isCancelled { self?.timeUp(number) }
      }
    }
    await withCheckedContinuation { continuation in
      let isRung = state.withLock { state in
        if state.isRung {
          state.isRung = false
          return true
        }
        state.waiter = continuation
        return false
      }
      if isRung { continuation.resume() }
    }
    timer?.cancel()
  }

  private func timeUp(_ number: UInt64) {
    let waiter = state.withLock { state in
      if state.number != number { return nil as CheckedContinuation<Void, Never>? }
      // Too early for the wait that it belongs to: the ring is kept for it.
      state.isRung = state.waiter == nil
      return state.takeWaiter()
    }
    waiter?.resume()
  }
}

extension Alarm.State {
  fileprivate mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
    defer { waiter = nil }
    return waiter
  }
}
