import Metrics

/// Why batching did not answer. `message` is fit for the caller; `cause` is for the log.
package struct BatchingError: Error, Sendable, CustomStringConvertible {
  package enum Code: Sendable, Equatable {
    /// A bounded queue is full; `retryAfter` says when to come back.
    case queueFull
    /// The deadline has passed, or the answer cannot be ready before it.
    case deadlineExceeded
    /// The request is larger than can ever be admitted.
    case tooLarge
    /// The request makes no sense as it stands (an empty prompt, a token out of the vocabulary).
    case invalidRequest
    /// The engine has been stopped.
    case stopped
    /// The backend threw, or broke its contract; see `cause`.
    case backendFailed
  }

  package var code: Code
  package var message: String
  /// Set for `queueFull`: about when there should be room, from measured batch times.
  package var retryAfter: Duration?
  package var cause: (any Error)?

  package init(
    _ code: Code, _ message: String, retryAfter: Duration? = nil, cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
    self.cause = cause
  }

  package var description: String { "\(code): \(message)" }
}

extension BatchingError {
  /// - Parameter limit: what is full, in words: "1024 requests".
  static func queueFull(limit: String, retryAfter: Duration) -> BatchingError {
    BatchingError(
      .queueFull, "the queue is full (\(limit)); retry after \(retryAfter.text)",
      retryAfter: retryAfter)
  }

  static func backendFailed(_ cause: any Error) -> BatchingError {
    BatchingError(.backendFailed, "the model failed on this input", cause: cause)
  }

  static let stopped = BatchingError(.stopped, "the engine is shutting down; no new work is taken")

  static let expired = BatchingError(
    .deadlineExceeded, "the deadline passed before the computation began")
}

extension Duration {
  /// In whole milliseconds, rounded up: `12 ms`.
  var text: String { "\(Int64(milliseconds.rounded(.up))) ms" }
}
