import Glibc

/// A POSIX semaphore: a post without a sleeper is one atomic operation, no system call.
///
/// `@unchecked Sendable`: `sem_t` is made to be shared by threads, its address never changes, and
/// it is destroyed only when no one holds the object.
@safe final class Semaphore: @unchecked Sendable {
  private let handle: UnsafeMutablePointer<sem_t>

  init() {
    unsafe handle = .allocate(capacity: 1)
    // Fails only for a value above SEM_VALUE_MAX or a shared one without support; this is neither.
    let made = unsafe sem_init(handle, 0, 0)
    precondition(made == 0, "sem_init failed")
  }

  deinit {
    unsafe sem_destroy(handle)
    unsafe handle.deallocate()
  }

  func signal() {
    unsafe sem_post(handle)
  }

  /// Takes one signal, polling until `spin` has passed before it sleeps.
  func wait(spinning spin: Duration) {
    if spin > .zero {
      let end = ContinuousClock.now + spin
      repeat {
        for _ in 0..<32 where unsafe sem_trywait(handle) == 0 { return }
      } while ContinuousClock.now < end
    }
    while unsafe sem_wait(handle) != 0 {}  // Only a signal handler (EINTR) ends it early.
  }
}
