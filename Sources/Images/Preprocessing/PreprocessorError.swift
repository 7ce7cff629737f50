/// Why a model's settings for pictures cannot be followed: which key, what is wrong, what is
/// allowed.
package struct PreprocessorError: Error, Sendable, Equatable, CustomStringConvertible {
  package let key: String
  package let reason: String

  package init(_ key: String, _ reason: String) {
    self.key = key
    self.reason = reason
  }

  package var description: String { "\"\(key)\" \(reason)" }
}
