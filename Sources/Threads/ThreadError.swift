internal import Bytes

/// The system gave no thread.
package struct ThreadError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What the thread was to be called.
  package let name: String
  /// What `pthread_create` answered: an `errno` value.
  package let code: Int32

  package var description: String {
    "cannot start the thread `\(name)`: \(SystemWords.of(code)); " + Self.advice
  }

  /// What the operator can do about it.
  package static let advice =
    "allow this user or container more processes (ulimit -u, pids.max) or more memory"
}
