internal import CLinux
package import Threads

/// The signals a server acts upon.
package enum ProcessSignal: Int32, Sendable, CaseIterable {
  case hangUp = 1
  case interrupt = 2
  case terminate = 15

  /// Keeps the kernel from acting on them and on SIGPIPE. To be called first thing in the process:
  /// threads inherit the mask of the thread that starts them.
  package static func takeOver() throws(SystemError) {
    let numbers = allCases.map(\.rawValue)
    try SystemError.check(
      unsafe cl_signals_block(numbers, Int32(numbers.count)), "block signals")
    try ignorePipe()
  }

  /// Keeps the kernel from ending the process for a write to a socket that its peer has closed.
  package static func ignorePipe() throws(SystemError) {
    try SystemError.check(cl_ignore_sigpipe(), "ignore SIGPIPE")
  }

  /// Waits for one of `signals`, on a thread of its own choice: no loop that is stuck can swallow
  /// one. The process must have called `takeOver`.
  ///
  /// - Returns: nil when `end` has come.
  package static func next(
    of signals: [ProcessSignal], until end: LoopInstant? = nil
  ) -> ProcessSignal? {
    let numbers = signals.map(\.rawValue)
    while true {
      let left = end.map { Int64(clamping: $0.nanoseconds(since: .monotonic)) } ?? -1
      let answer = unsafe cl_signal_wait(numbers, Int32(numbers.count), left)
      if let signal = ProcessSignal(rawValue: answer) { return signal }
      if left == 0 { return nil }
    }
  }

  /// Calls `body` for each of `signals`, on a thread made for that, until the process ends.
  package static func watch(
    _ signals: [ProcessSignal], _ body: @escaping @Sendable (ProcessSignal) -> Void
  ) throws(ThreadError) {
    try SystemThread("signals") {
      while let signal = next(of: signals) { body(signal) }
    }.detach()
  }
}
