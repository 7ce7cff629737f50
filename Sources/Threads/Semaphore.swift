internal import CLinux
internal import Glibc

/// A POSIX semaphore: a signal without a sleeper is one atomic operation, no system call.
///
/// `@unchecked Sendable`: `sem_t` is made to be shared by threads, its address never changes, and
/// it is destroyed only when no one holds the object.
@safe package final class Semaphore: @unchecked Sendable {
  private let handle: UnsafeMutablePointer<sem_t>

  /// Without a signal.
  package init() {
    unsafe handle = .allocate(capacity: 1)
    // Fails only for a value above SEM_VALUE_MAX or a shared one without support; this is neither.
    let made = unsafe sem_init(handle, 0, 0)
    precondition(made == 0, "sem_init failed")
  }

  deinit {
    unsafe sem_destroy(handle)
    unsafe handle.deallocate()
  }

  package func signal() {
    unsafe sem_post(handle)
  }

  /// Takes one signal if there is one.
  ///
  /// - Returns: whether there was.
  @discardableResult
  package func take() -> Bool { unsafe sem_trywait(handle) == 0 }

  /// Takes one signal, sleeping until there is one.
  package func wait() {
    while unsafe sem_wait(handle) != 0 {}  // Only a signal handler (EINTR) ends it early.
  }

  /// Takes one signal, polling until `spin` has passed before it sleeps.
  package func wait(spinning spin: Duration) {
    if spin > .zero {
      let end = ContinuousClock.now + spin
      repeat {
        for _ in 0..<32 where take() { return }
      } while ContinuousClock.now < end
    }
    wait()
  }

  /// Takes one signal, sleeping for at most `limit`.
  ///
  /// - Returns: false when the time is up.
  @discardableResult
  package func wait(atMost limit: Duration) -> Bool {
    // A century is for ever.
    let (seconds, attoseconds) = min(max(.zero, limit), .seconds(3_153_600_000)).components
    return unsafe cl_semaphore_wait(handle, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
      == 0
  }
}
