internal import Glibc

/// What the system says of a failed call.
package enum SystemWords {
  /// - Parameter code: a value of `errno`.
  package static func of(_ code: Int32) -> String {
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
  }
}
