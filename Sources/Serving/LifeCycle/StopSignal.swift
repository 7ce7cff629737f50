internal import EventLoop
internal import Glibc
internal import Synchronization
internal import Threads

/// Waits for the signal to stop, and sees to it that the process does end: at once at a second
/// signal, and when stopping takes too long. On a thread of its own, whatever is stuck elsewhere.
final class StopSignal: Sendable {
  private struct State {
    var machine = StopMachine()
    var first: ProcessSignal?
    var waiter: CheckedContinuation<ProcessSignal, Never>?
    var step = ""
  }
  private let state = Mutex(State())
  private let log: Log
  private let patience: @Sendable () -> Duration

  /// - Parameter patience: how long stopping may take from the first signal on.
  init(log: Log, patience: @escaping @Sendable () -> Duration) {
    self.log = log
    self.patience = patience
  }

  func start() throws(ThreadError) {
    try SystemThread("signals", stackBytes: 256 << 10) { [self] in watch() }.detach()
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

  /// Notes what the stop waits for now; the log says it if that does not end.
  func waits(for step: String) { state.withLock { $0.step = step } }

  private func watch() {
    while true {
      let end = state.withLock { $0.machine.end }
      let signal = ProcessSignal.next(of: [.terminate, .interrupt], until: end)
      let action = state.withLock { state in
        signal.map { state.machine.received($0, patience: patience(), now: .monotonic) }
          ?? state.machine.elapsed(now: .monotonic)
      }
      switch action {
      case .none: break
      case .stop: if let signal { tell(signal) }
      case .end(let code): _exit(code)
      case .giveUp(let code):
        giveUp()
        _exit(code)
      }
    }
  }

  private func tell(_ signal: ProcessSignal) {
    let waiter = state.withLock { state in
      state.first = signal
      return state.waiter.take()
    }
    waiter?.resume(returning: signal)
  }

  private func giveUp() {
    log.error(
      "stopping took too long and is given up",
      ("waited_for", .text(state.withLock { $0.step })))
    log.close()
  }
}
