import Jobs
import Synchronization
import Time

/// Time that only the test moves. Whoever sleeps wakes when it has been moved far enough.
final class FakeClock: Sendable {
  private struct State {
    var now = UnixTime(seconds: 1_800_000_000)
    var sleepers: [UInt64: (until: UnixTime, continuation: CheckedContinuation<Void, Never>)] = [:]
    var lastID: UInt64 = 0
    var cancelled: Set<UInt64> = []
  }

  private let state = Mutex(State())

  var now: UnixTime { state.withLock { $0.now } }

  /// Waits until somebody sleeps until then.
  func awaitSleeper(until time: UnixTime) async {
    await JobsTests.until {
      self.state.withLock { $0.sleepers.values.contains { $0.until == time } }
    }
  }

  var clock: JobClock {
    JobClock(now: { self.now }, sleep: { await self.sleep($0) })
  }

  func advance(by duration: Duration) {
    let due = state.withLock { state in
      state.now = state.now.advanced(by: duration)
      let due = state.sleepers.filter { $0.value.until <= state.now }
      for id in due.keys { state.sleepers[id] = nil }
      return due.values.map(\.continuation)
    }
    for continuation in due { continuation.resume() }
  }

  private func sleep(_ duration: Duration) async {
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.cancelled.remove(id) != nil || duration <= .zero { return true }
          state.sleepers[id] = (state.now.advanced(by: duration), continuation)
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
        if let sleeper = state.sleepers.removeValue(forKey: id) { return sleeper.continuation }
        state.cancelled.insert(id)
        return nil
      }
      sleeper?.resume()
    }
  }
}
