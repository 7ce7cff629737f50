internal import Messages

extension CallContext {
  /// The call's id, which the message may choose.
  ///
  /// - Parameter wanted: the message's `request_id`; empty for none.
  func requestID(wanted: String) throws(Status) -> String {
    guard wanted.utf8.count <= CallContext.requestIDLimit else {
      throw Status(
        .invalidArgument,
        "request_id: \(wanted.utf8.count) bytes; at most \(CallContext.requestIDLimit) are allowed")
    }
    if !wanted.isEmpty { name(wanted) }
    return requestID
  }
}
