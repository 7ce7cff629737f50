internal import Metrics

/// Why batching did not answer. `message` is fit for the caller; `cause` is for the log.
package struct BatchingError: Error, Sendable, CustomStringConvertible {
  package enum Code: Sendable, Equatable {
    /// A bounded queue is full; `retryAfter` says when to come back.
    case queueFull
    /// It waited for as long as its queue timeout allows; `retryAfter` says when to come back, and
    /// is nil where the request is too large ever to begin in that time.
    case queueTimeout
    /// Refused on arrival: the answer is predicted for after the deadline; `retryAfter` says when
    /// it would be in time, and is nil where it never would.
    case hopeless
    /// Nobody read what was generated, and others needed the place.
    case unread
    /// The deadline has passed before the computation began.
    case deadlineExceeded
    /// The deadline has passed while the model computed.
    case overran
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
  /// Set for `queueFull`, `queueTimeout` and `hopeless` where the same request can succeed later:
  /// about when there should be room, from measured batch times.
  package var retryAfter: Duration?
  /// Set for `overran`: for how long the model had computed when the deadline passed.
  package var computed: Duration?
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
  /// - Parameters:
  ///   - key: what bounds it in model.yaml.
  ///   - bound: in words: "1024 inputs".
  static func queueFull(_ key: String, of bound: String, retryAfter: Duration) -> BatchingError {
    BatchingError(
      .queueFull, "the queue is full (\(bound), \(key)); retry after \(retryAfter.text)",
      retryAfter: retryAfter)
  }

  static func queueTimeout(_ timeout: Duration, retryAfter: Duration) -> BatchingError {
    BatchingError(
      .queueTimeout,
      "the computation had not begun after the queue timeout of \(timeout.text); retry after "
        + retryAfter.text, retryAfter: retryAfter)
  }

  /// - Parameters:
  ///   - needed: from now to the answer: the queue, and the request itself.
  ///   - left: from now to the deadline.
  static func hopeless(needed: Duration, left: Duration, retryAfter: Duration) -> BatchingError {
    BatchingError(
      .hopeless,
      "with this request the queue is \(needed.text) long, the deadline is in \(left.text); "
        + "retry after \(retryAfter.text) or allow more time", retryAfter: retryAfter)
  }

  /// - Parameter least: when its last inputs could begin at the soonest.
  static func neverInTime(queueTimeout: Duration, least: Duration) -> BatchingError {
    BatchingError(
      .queueTimeout,
      "the last of the request's inputs cannot begin before \(least.text), were there no others; "
        + "its queue timeout is \(queueTimeout.text); split the request or allow more time")
  }

  /// - Parameters:
  ///   - alone: what the request takes without any other.
  ///   - left: from now to the deadline.
  static func neverInTime(alone: Duration, left: Duration) -> BatchingError {
    BatchingError(
      .hopeless,
      "the request takes \(alone.text), were there no others, the deadline is in \(left.text); "
        + "split it or allow more time")
  }

  static func backendFailed(_ cause: any Error) -> BatchingError {
    BatchingError(.backendFailed, "the model failed on this input", cause: cause)
  }

  /// - Parameter limit: unread sequences that are kept.
  static func unread(_ limit: Int) -> BatchingError {
    BatchingError(
      .unread,
      "what was generated was not read, and \(limit) others (queue_limit) wait for their readers "
        + "for less long; read the stream as it comes")
  }

  static let stopped = BatchingError(.stopped, "the engine is shutting down; no new work is taken")

  /// - Parameters:
  ///   - computed: how long the model had been at it.
  ///   - message: what is told in place of that.
  package static func overran(
    after computed: Duration,
    _ message: String = "the deadline passed while the model computed; allow more time"
  ) -> BatchingError {
    var error = BatchingError(.overran, message)
    error.computed = computed
    return error
  }

  static let expired = BatchingError(
    .deadlineExceeded, "the deadline passed before the computation began")
}

extension Duration {
  /// In whole milliseconds, rounded up from the nearest microsecond: `12 ms`.
  var text: String {
    let microseconds = (milliseconds * 1000).rounded()
    return "\(Int64((microseconds / 1000).rounded(.up))) ms"
  }
}
