internal import Glibc

/// Why a file could not be had.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  package let path: String
  package let reason: String
  /// Zero where the system had no part in it.
  package let errno: Int32

  package init(path: String, _ reason: String, errno: Int32 = 0) {
    self.path = path
    self.reason = reason
    self.errno = errno
  }

  /// Whether there is no such file at all.
  package var isMissing: Bool { errno == ENOENT }

  /// The reason, with the system's own words.
  package var explanation: String {
    errno == 0 ? reason : "\(reason): \(SystemWords.of(errno))"
  }

  package var description: String { "\(path): \(explanation)" }
}
