internal import Synchronization

/// A task's sleep that others may end. One that is ended before it begins does not begin.
final class Pause: Sendable {
  private struct State {
    var sleeper: Task<Void, Never>?
    var isEnded = false
  }
  private let state = Mutex(State())

  /// Sleeps for so long, until `end`, or until the task is cancelled.
  func wait(_ time: Duration) async {
    let sleeper = state.withLock { state -> Task<Void, Never>? in
      defer { state.isEnded = false }
      if state.isEnded { return nil }
      state.sleeper = Task { try? await Task.sleep(for: time) }
      return state.sleeper
    }
    guard let sleeper else { return }
    await withTaskCancellationHandler {
      await sleeper.value
    } onCancel: {
      sleeper.cancel()
    }
    state.withLock { state in
      state.sleeper = nil
      state.isEnded = false
    }
  }

  func end() {
    state.withLock { state in
      state.sleeper?.cancel()
      state.isEnded = true
    }
  }
}
