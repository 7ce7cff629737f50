internal import EventLoop
internal import Glibc
internal import Synchronization

/// Waits for the first signal to stop; the second ends the process at once, for whoever has no
/// patience with a drain.
final class StopSignal: Sendable {
  private struct State {
    var first: ProcessSignal?
    var waiter: CheckedContinuation<ProcessSignal, Never>?
  }
  private let state = Mutex(State())

  func received(_ signal: ProcessSignal) {
    let waiter = state.withLock { state -> CheckedContinuation<ProcessSignal, Never>? in
      if state.first != nil { _exit(128 + signal.rawValue) }
      state.first = signal
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: signal)
  }

  func wait() async -> ProcessSignal {
    await withCheckedContinuation { continuation in
      let first = state.withLock { state in
        if state.first == nil { state.waiter = continuation }
        return state.first
      }
      if let first { continuation.resume(returning: first) }
    }
  }
}
