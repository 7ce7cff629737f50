internal import Bytes
internal import Glibc

/// Keeps a second server from working on the same file: it would take the first one's running jobs
/// for lost. The system lets go of it when the process ends, however it ends.
final class DatabaseLock: Sendable {
  private let descriptor: Int32

  /// - Parameter path: of the database; the lock is a file beside it.
  init(beside path: String) throws(JobQueueError) {
    let file = path + ".lock"
    descriptor = unsafe open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw JobQueueError(
        .broken, "the database of jobs cannot be used",
        cause: "\(file) cannot be made: \(SystemWords.of(errno))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw JobQueueError(
        .broken, "the database of jobs is in use",
        cause: "another server works on \(path): end that one, or give this one another file")
    }
  }

  deinit { close(descriptor) }
}
