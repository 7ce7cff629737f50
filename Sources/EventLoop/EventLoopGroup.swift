import Bytes
import CLinux
import Glibc
import Synchronization

/// A loop per core, each with its thread.
package final class EventLoopGroup: Sendable {
  package let loops: [EventLoop]
  private let threads: Mutex<[pthread_t]>
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
      let thread = try startThread(for: loop)
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
    for thread in joining { pthread_join(thread, nil) }
  }

  /// Without `shutdown` the loops end all the same, only nobody waits for them.
  deinit {
    for loop in loops { loop.stop() }
    for thread in threads.withLock({ $0 }) { pthread_detach(thread) }
  }
}

/// A function of its own, so that the closure belongs to no actor (it runs on a new thread).
private func startThread(for loop: EventLoop) throws(SystemError) -> pthread_t {
  var thread = pthread_t()
  let argument = unsafe Unmanaged.passRetained(loop)
  let result = unsafe pthread_create(
    &thread, nil,
    { argument in
      guard let argument = unsafe argument else { return nil }
      let loop = unsafe Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue()
      _ = unsafe cl_thread_name("loop-\(loop.index)")
      loop.runUntilStopped()
      return nil
    }, argument.toOpaque())
  guard result == 0 else {
    unsafe argument.release()
    throw SystemError(code: result, operation: "start a thread for an event loop")
  }
  return thread
}
