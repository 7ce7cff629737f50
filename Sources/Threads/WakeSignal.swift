import Glibc

/// A counting semaphore whose waits are timed by the monotonic clock, which nobody can set: a
/// signal given before anybody waits is not lost.
@safe package final class WakeSignal: Sendable {
  // The count is only touched with the lock held; the pointers themselves never change.
  private nonisolated(unsafe) let lock: UnsafeMutablePointer<pthread_mutex_t>
  private nonisolated(unsafe) let given: UnsafeMutablePointer<pthread_cond_t>
  private nonisolated(unsafe) let count: UnsafeMutablePointer<Int>

  package init() {
    unsafe lock = .allocate(capacity: 1)
    unsafe pthread_mutex_init(lock, nil)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe given = .allocate(capacity: 1)
    unsafe pthread_cond_init(given, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
    unsafe count = .allocate(capacity: 1)
    unsafe count.initialize(to: 0)
  }

  deinit {
    unsafe pthread_cond_destroy(given)
    unsafe pthread_mutex_destroy(lock)
    unsafe given.deallocate()
    unsafe lock.deallocate()
    unsafe count.deallocate()
  }

  package func signal() {
    unsafe pthread_mutex_lock(lock)
    unsafe count.pointee += 1
    unsafe pthread_cond_signal(given)
    unsafe pthread_mutex_unlock(lock)
  }

  /// Waits for a signal, and takes it.
  package func wait() { _ = wait(atMost: .seconds(Int64.max / 4)) }

  /// Waits for a signal for that long at most, and takes it.
  ///
  /// - Returns: false if the time was up.
  package func wait(atMost duration: Duration) -> Bool {
    var end = Self.instant(after: duration)
    unsafe pthread_mutex_lock(lock)
    defer { unsafe pthread_mutex_unlock(lock) }
    while unsafe count.pointee == 0 {
      if unsafe pthread_cond_timedwait(given, lock, &end) == ETIMEDOUT { break }
    }
    guard unsafe count.pointee > 0 else { return false }
    unsafe count.pointee -= 1
    return true
  }

  private static func instant(after duration: Duration) -> timespec {
    let (seconds, attoseconds) = duration.components
    var end = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &end)
    // A century stands for ever, and cannot overflow.
    end.tv_sec += Int(min(max(seconds, 0), 3_155_760_000))
    end.tv_nsec += Int(max(attoseconds, 0) / 1_000_000_000)
    if end.tv_nsec >= 1_000_000_000 {
      end.tv_nsec -= 1_000_000_000
      end.tv_sec += 1
    }
    return end
  }
}
