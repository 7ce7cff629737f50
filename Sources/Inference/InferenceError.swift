/// Why a backend refused an input or a model; one type for the whole target.
package struct InferenceError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable, Equatable {
    /// The caller's input or options are wrong; the same call fails again.
    case invalidInput
    /// The input is well formed but more than the model or its memory takes.
    case tooLarge
    /// The model's files do not fit together or lack something, or its weights give values that are
    /// no numbers.
    case invalidModel
    /// Whoever asked for it has given up.
    case cancelled
  }

  package let code: Code
  /// What was wrong, what is allowed and what to do.
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
