internal import CLinux
internal import Glibc

/// A joinable thread of the system that runs one closure.
package struct SystemThread: Sendable {
  private let handle: pthread_t

  /// Starts it.
  ///
  /// - Parameters:
  ///   - name: as `top -H` and debuggers show it; the system keeps 15 bytes.
  ///   - stackBytes: nil takes the system's default (`ulimit -s`).
  package init(
    _ name: String, stackBytes: Int? = nil, _ run: @escaping @Sendable () -> Void
  ) throws(ThreadError) {
    let body = unsafe Unmanaged.passRetained(ThreadBody(name: name, run: run))
    var handle = pthread_t()
    var attributes = pthread_attr_t()
    var status = unsafe pthread_attr_init(&attributes)
    if status == 0 {
      if let stackBytes {
        status = unsafe pthread_attr_setstacksize(&attributes, stackBytes)
      }
      if status == 0 {
        status = unsafe pthread_create(&handle, &attributes, runThread, body.toOpaque())
      }
      unsafe pthread_attr_destroy(&attributes)
    }
    guard status == 0 else {
      unsafe body.release()
      throw ThreadError(name: name, code: status)
    }
    self.handle = handle
  }

  /// Whether the caller runs on it.
  package var isCurrent: Bool { pthread_equal(handle, pthread_self()) != 0 }

  /// Has the calling thread run after those of the process that do not, where cores are short.
  ///
  /// - Parameter steps: of niceness; a thread gets about a fifth less for each.
  package static func giveWay(by steps: Int32) {
    // Nobody is refused to be nicer; where the system knows no such thing, nothing is lost.
    _ = cl_thread_give_way(steps)
  }

  /// Waits for its end. To be called once, from another thread; not after `detach`.
  package func join() { pthread_join(handle, nil) }

  /// Nobody will wait for its end.
  package func detach() { pthread_detach(handle) }
}

private final class ThreadBody: Sendable {
  let name: String
  let run: @Sendable () -> Void

  init(name: String, run: @escaping @Sendable () -> Void) {
    self.name = name
    self.run = run
  }
}

/// A function, not a closure: a closure literal may carry an isolation check that traps on a
/// thread Swift did not start.
private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument = unsafe argument else { return nil }
  let body = unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
  // Fails only for a name that is too long.
  _ = unsafe cl_thread_name(String(decoding: body.name.utf8.prefix(15), as: UTF8.self))
  body.run()
  return nil
}
