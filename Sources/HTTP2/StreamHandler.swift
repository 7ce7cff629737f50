/// What a stream's user does with its events, and where its outgoing body comes from.
///
/// Called inside `Session.receive` and `Session.gather`, so implementations may submit, reset and
/// consume, but never receive or gather. Pointers are borrowed for the call.
package protocol StreamHandler: AnyObject {
  /// Client role: the response's head; 1xx responses are left out.
  func streamReceivedHead(_ head: borrowing HeaderBlock, end: Bool)
  /// Payload of one DATA frame. Its bytes count against the windows until `Session.consume`.
  func streamReceived(_ bytes: UnsafeRawBufferPointer)
  /// Header fields behind the body; END_STREAM follows by itself.
  func streamReceivedTrailers(_ trailers: borrowing HeaderBlock)
  /// END_STREAM: nothing more will arrive.
  func streamReceivedEnd()
  /// The last event of every stream, except when the session is torn down by `Session.close`,
  /// which reports it with the code given there.
  func streamClosed(_ code: ErrorCode)

  /// How much of the outgoing body is there, up to `limit` bytes. With `.end` and `.trailers` the
  /// bytes named are the last; an implementation that answers `.trailers` has called
  /// `Session.submitTrailers` before it returns.
  func streamBody(limit: Int) -> StreamBody
  /// Fills `target` with the next bytes, as many as `streamBody` just named.
  func streamCopyBody(to target: UnsafeMutableRawBufferPointer)
}

/// The state of an outgoing body.
package enum StreamBody {
  /// Nothing now; `Session.resume` when there is.
  case pending
  case bytes(Int)
  /// These bytes, then END_STREAM.
  case end(Int)
  /// These bytes, then the trailers just submitted.
  case trailers(Int)
}

/// What a session's owner hears of the connection as a whole.
package protocol SessionDelegate: AnyObject {
  /// Server role: a complete request head. Set `stream.handler`, or reset the stream.
  func sessionOpened(_ stream: Stream, head: borrowing HeaderBlock, end: Bool)
  /// Server role: the peer opened a stream over `SessionOptions.maxConcurrentStreams`, and it was
  /// refused.
  func sessionRefusedStream()
  func sessionReceivedGoAway(lastStream: Int32, code: ErrorCode, debug: String)
  func sessionReceivedPingAck(_ payload: UInt64)
  /// The peer reset a stream itself; called before the stream's `streamClosed`.
  func sessionReceivedReset(_ stream: Stream, code: ErrorCode)
  /// The peer's SETTINGS are in force.
  func sessionReceivedSettings()
  /// The peer has taken over ours.
  func sessionReceivedSettingsAck()
}

extension SessionDelegate {
  package func sessionRefusedStream() {}
  package func sessionReceivedSettingsAck() {}
}
