internal import Bytes
internal import CLinux
internal import Synchronization
internal import Threads

/// A loop per core, each with its thread.
package final class EventLoopGroup: Sendable {
  package let loops: [EventLoop]
  private let threads: Mutex<[SystemThread]>
  private let turn = Atomic(0)

  /// Starts the threads.
  ///
  /// - Parameter count: loops; as many as the process has cores unless given.
  package init(
    count: Int = Int(cl_cpu_count()),
    configuration: EventLoop.Configuration = EventLoop.Configuration()
  ) throws(SystemError) {
    precondition(count > 0, "a group has at least one loop")
    var loops: [EventLoop] = []
    for index in 0..<count {
      loops.append(try EventLoop(index: index, configuration: configuration))
    }
    self.loops = loops
    threads = Mutex([])
    for loop in loops {
      let thread = try Self.startThread(for: loop)
      threads.withLock { $0.append(thread) }
    }
  }

  /// Cores that this process may run on.
  package static var coreCount: Int { Int(cl_cpu_count()) }

  /// One loop after the other.
  package func next() -> EventLoop {
    let number = turn.wrappingAdd(1, ordering: .relaxed).oldValue
    return loops[Int(UInt(bitPattern: number) % UInt(loops.count))]
  }

  /// Stops all loops, closes what lives on them, and waits for their threads. Every handler has
  /// been told `closed` when this returns. Not from a loop.
  package func shutdown() {
    precondition(!loops.contains { $0.isCurrent }, "a loop cannot wait for its own end")
    let joining = threads.withLock { threads in
      defer { threads = [] }
      return threads
    }
    guard !joining.isEmpty else { return }
    for loop in loops { loop.stop() }
    for thread in joining { thread.join() }
  }

  /// Without `shutdown` the loops end all the same, only nobody waits for them.
  deinit {
    for loop in loops { loop.stop() }
    for thread in threads.withLock({ $0 }) { thread.detach() }
  }

  private static func startThread(for loop: EventLoop) throws(SystemError) -> SystemThread {
    do throws(ThreadError) {
      return try SystemThread("loop-\(loop.index)") { loop.runUntilStopped() }
    } catch {
      throw SystemError(
        code: error.code, operation: "start a thread for an event loop", advice: ThreadError.advice)
    }
  }
}
