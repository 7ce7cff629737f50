internal import Batching
internal import Inference
internal import Messages
internal import Metrics

extension Status {
  /// What batching says, as callers know it; a queue that is full or too long tells when to come
  /// back, unless the request can never succeed as it is.
  init(_ error: BatchingError) {
    switch error.code {
    case .queueFull, .queueTimeout, .hopeless:
      self.init(.resourceExhausted, error.message)
      if let delay = error.retryAfter { addRetryAdvice(delay) }
    case .unread: self.init(.resourceExhausted, error.message)
    case .deadlineExceeded, .overran: self.init(.deadlineExceeded, error.message)
    case .tooLarge, .invalidRequest: self.init(.invalidArgument, error.message)
    case .stopped: self.init(.unavailable, error.message)
    case .backendFailed:
      if let cause = error.cause as? InferenceError, cause.code != .invalidModel {
        self.init(.invalidArgument, cause.message)
      } else {
        self.init(.internal, error.message, cause: error.cause)
      }
    }
  }

  init(_ error: InferenceError) {
    self.init(error.code == .invalidModel ? .internal : .invalidArgument, error.message)
  }
}
