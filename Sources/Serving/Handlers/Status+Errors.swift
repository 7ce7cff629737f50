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

  /// `grpc-retry-pushback-ms` for gRPC's own retries (gRFC A6) and google.rpc.RetryInfo for others.
  mutating func addRetryAdvice(_ delay: Duration) {
    let (seconds, attoseconds) = delay.components
    let milliseconds = max(
      1, seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    metadata.append("grpc-retry-pushback-ms", String(min(milliseconds, Int64(Int32.max))))

    var retryDelay = GoogleProtobuf.Duration()
    retryDelay.seconds = milliseconds / 1000
    retryDelay.nanos = Int32(milliseconds % 1000) * 1_000_000
    var retry = GoogleRpc.RetryInfo()
    retry.retryDelay = retryDelay
    var detail = GoogleProtobuf.Any_()
    detail.typeURL = "type.googleapis.com/google.rpc.RetryInfo"
    detail.value = retry.encoded()
    var status = GoogleRpc.Status()
    status.code = code.rawValue
    status.message = message
    status.details = [detail]
    details = status.encoded()
  }
}
