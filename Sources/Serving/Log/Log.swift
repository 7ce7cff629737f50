internal import Glibc
internal import Synchronization
package import Threads
internal import Time

/// Structured log on a file descriptor, written by a thread of its own so that a full pipe never
/// stops a loop. The buffer between is bounded; what does not fit is counted and reported.
package final class Log: Sendable {
  package enum Format: String, Sendable, CaseIterable { case json, human }

  private struct Pending {
    var bytes: [UInt8] = []
    var dropped = 0
    var closed = false
  }

  private let format: Format
  private let threshold: Atomic<Int>
  private let descriptor: Int32
  private let limit: Int
  private let pending = Mutex(Pending())
  private let wake = Semaphore()
  private let written = Semaphore()
  private let writer = OwnedThread()

  /// - Parameters:
  ///   - limit: most bytes waiting to be written.
  package init(
    format: Format, threshold: LogEntry.Level, descriptor: Int32 = STDERR_FILENO,
    limit: Int = 1 << 20
  ) throws(ThreadError) {
    self.format = format
    self.threshold = Atomic(threshold.rawValue)
    self.descriptor = descriptor
    self.limit = limit
    try writer.start("log") { self.drain() }
  }

  package func debug(_ event: StaticString, _ fields: LogEntry.Field...) {
    write(.debug, event, fields)
  }
  package func info(_ event: StaticString, _ fields: LogEntry.Field...) {
    write(.info, event, fields)
  }
  package func warning(_ event: StaticString, _ fields: LogEntry.Field...) {
    write(.warning, event, fields)
  }
  package func error(_ event: StaticString, _ fields: LogEntry.Field...) {
    write(.error, event, fields)
  }

  /// Whether entries of that level are written; lets a caller skip the work of making one.
  package func admits(_ level: LogEntry.Level) -> Bool {
    level.rawValue >= threshold.load(ordering: .relaxed)
  }

  /// Entries below are not written from here on.
  func setThreshold(_ level: LogEntry.Level) {
    threshold.store(level.rawValue, ordering: .relaxed)
  }

  package func write(_ level: LogEntry.Level, _ event: StaticString, _ fields: [LogEntry.Field]) {
    guard admits(level) else { return }
    let entry = LogEntry(
      level: level, event: event, fields: fields, microseconds: Log.wallMicroseconds())
    let mustWake = pending.withLock { pending -> Bool in
      if pending.closed { return false }
      if pending.bytes.count >= limit {
        pending.dropped += 1
        return false
      }
      let wasEmpty = pending.bytes.isEmpty
      append(entry, to: &pending.bytes)
      return wasEmpty
    }
    if mustWake { wake.signal() }
  }

  /// Writes all that is pending and ends the thread; gives up after some seconds where nobody reads
  /// the other end of a pipe.
  package func close() {
    let isFirst = pending.withLock { pending in
      defer { pending.closed = true }
      return !pending.closed
    }
    guard isFirst else { return }
    wake.signal()
    if written.wait(atMost: .seconds(2)) { writer.join() }
  }

  private func append(_ entry: LogEntry, to bytes: inout [UInt8]) {
    switch format {
    case .json: entry.appendJSON(to: &bytes)
    case .human: entry.appendHuman(to: &bytes)
    }
  }

  private func drain() {
    while true {
      wake.wait()
      let (bytes, closed) = take()
      writeAll(bytes)
      if closed { return written.signal() }
      // Gathers what a burst of requests logs into one write.
      if bytes.count > 4096 { usleep(2000) }
    }
  }

  private func take() -> (bytes: [UInt8], closed: Bool) {
    pending.withLock { pending in
      var bytes: [UInt8] = []
      swap(&bytes, &pending.bytes)
      if pending.dropped > 0 {
        let entry = LogEntry(
          level: .warning, event: "log lines dropped: the reader of the log is too slow",
          fields: [("count", .integer(pending.dropped)), ("limit_bytes", .integer(limit))],
          microseconds: Log.wallMicroseconds())
        append(entry, to: &bytes)
        pending.dropped = 0
      }
      return (bytes, pending.closed)
    }
  }

  private func writeAll(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { buffer in
      var start = 0
      while start < buffer.count {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start...])
        let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return
        }
        start += count
      }
    }
  }

  /// Since 1970, UTC.
  private static func wallMicroseconds() -> Int { Int(UnixTime.now().microseconds) }
}
