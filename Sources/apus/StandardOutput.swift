internal import Bytes
internal import Glibc

/// Standard output, written at once and checked: an answer that did not arrive is no success.
/// Texts come from a server, so what would drive a terminal is escaped.
enum StandardOutput {
  /// Whether the parent process left it open. To be asked before anything else opens a file, which
  /// would take its number.
  static let isOpen = fcntl(STDOUT_FILENO, F_GETFD) >= 0

  static func line(_ text: String) throws(OutputError) { try write(text + "\n") }

  static func write(_ text: String) throws(OutputError) {
    guard isOpen else { throw OutputError(code: EBADF) }
    var text = VisibleText.lines(text)
    let failure = text.withUTF8 { bytes -> Int32? in
      var start = 0
      while start < bytes.count {
        let rest = unsafe UnsafeBufferPointer(rebasing: bytes[start...])
        let count = unsafe Glibc.write(STDOUT_FILENO, rest.baseAddress, rest.count)
        if count >= 0 {
          start += count
        } else if errno != EINTR {
          return errno
        }
      }
      return nil
    }
    if let failure { throw OutputError(code: failure) }
  }
}

/// Standard output is full, closed, or read by nobody.
struct OutputError: Error, CustomStringConvertible {
  /// The value of `errno`.
  let code: Int32

  /// Whoever reads through a pipe may have enough: that is worth no words.
  var isQuiet: Bool { code == EPIPE }

  var description: String {
    "cannot write to standard output: \(SystemWords.of(code))"
  }
}

/// One line on standard error.
func printError(_ text: String) {
  let line = VisibleText.lines(text) + "\n"
  _ = unsafe line.utf8CString.withUnsafeBufferPointer { buffer in
    unsafe write(STDERR_FILENO, buffer.baseAddress, buffer.count - 1)
  }
}
