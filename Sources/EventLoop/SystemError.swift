internal import Bytes

/// A system call that failed.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The value of `errno`.
  package let code: Int32
  /// What was tried, and on what, such as `listen on 127.0.0.1:8001`.
  package let operation: String
  /// What the operator can do about it; empty when there is nothing to say.
  package let advice: String

  package init(code: Int32, operation: String, advice: String = "") {
    self.code = code
    self.operation = operation
    self.advice = advice
  }

  package var description: String {
    "cannot \(operation): \(SystemWords.of(code))" + (advice.isEmpty ? "" : "; \(advice)")
  }

  /// Turns the `-errno` convention of CLinux into a throw.
  @discardableResult
  static func check(_ result: Int32, _ operation: @autoclosure () -> String)
    throws(SystemError) -> Int32
  {
    guard result < 0 else { return result }
    throw SystemError(code: -result, operation: operation())
  }
}
