internal import CLinux
internal import Glibc

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
}

/// A signalfd on a loop.
final class SignalSource: PollSource {
  private let loop: EventLoop
  private let body: (ProcessSignal) -> Void

  init(fd: Int32, loop: EventLoop, body: @escaping (ProcessSignal) -> Void) {
    self.loop = loop
    self.body = body
    super.init(fd: fd)
  }

  override func ready(_ events: PollEvents) {
    while true {
      let number = cl_signalfd_next(fd)
      guard number > 0 else { return }
      if let signal = ProcessSignal(rawValue: number) { body(signal) }
    }
  }

  func close() {
    loop.unwatch(self)
    _ = cl_close(fd)
  }
}

extension EventLoop {
  /// Calls `body` on the loop for every such signal the process gets, until the loop stops. The
  /// process must have called `ProcessSignal.takeOver`. From any thread.
  package func onSignals(
    _ signals: [ProcessSignal] = ProcessSignal.allCases,
    _ body: @escaping @Sendable (ProcessSignal) -> Void
  ) throws(SystemError) {
    let numbers = signals.map(\.rawValue)
    let fd = unsafe cl_signalfd(numbers, Int32(numbers.count))
    try SystemError.check(fd, "create a signalfd")
    execute { [self] in
      do throws(SystemError) {
        try watch(SignalSource(fd: fd, loop: self, body: body), .readable)
      } catch {
        _ = cl_close(fd)
      }
    }
  }
}
