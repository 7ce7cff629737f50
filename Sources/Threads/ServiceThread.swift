internal import CLinux
import Glibc

/// A joinable thread that runs one closure.
package final class ServiceThread: Sendable {
  private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void
    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }

  private let handle: pthread_t

  /// - Parameter name: what tools such as `top -H` show; at most 15 bytes of it.
  /// - Throws: when the system has no thread left to give.
  package init(
    _ name: StaticString, _ run: @escaping @Sendable () -> Void
  ) throws(ThreadError) {
    var thread = pthread_t()
    let name = String(name.description.prefix(15))
    let body = unsafe Unmanaged.passRetained(Body(name: name, run: run))
    let outcome = unsafe pthread_create(
      &thread, nil,
      { context in
        guard let context = unsafe context else { return nil }
        let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
        unsafe _ = cl_thread_name(body.name)
        body.run()
        return nil
      }, body.toOpaque())
    guard outcome == 0 else {
      unsafe body.release()
      throw ThreadError(errno: outcome)
    }
    handle = thread
  }

  /// Waits until the closure has returned. To be called once.
  package func join() { pthread_join(handle, nil) }
}

/// Why a thread could not be started.
package struct ThreadError: Error, Sendable, Equatable, CustomStringConvertible {
  package let errno: Int32

  package var description: String {
    let reason = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
    return "no thread could be started: \(reason); raise the limit on processes (ulimit -u)"
  }
}
