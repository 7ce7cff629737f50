extension Status {
  /// `grpc-retry-pushback-ms` for gRPC's own retries (gRFC A6) and google.rpc.RetryInfo for others.
  package mutating func addRetryAdvice(_ delay: Duration) {
    let (seconds, attoseconds) = delay.components
    let milliseconds = max(
      1, seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    metadata.append("grpc-retry-pushback-ms", String(min(milliseconds, Int64(Int32.max))))

    var retryDelay = GoogleProtobuf.Duration()
    retryDelay.seconds = milliseconds / 1000
    retryDelay.nanos = Int32(milliseconds % 1000) * 1_000_000
    var retry = GoogleRpc.RetryInfo()
    retry.retryDelay = retryDelay
    addDetail("type.googleapis.com/google.rpc.RetryInfo", retry.encoded())
  }
}
