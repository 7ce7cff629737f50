// The seam between generated code and whoever moves messages (RPC's server and client calls).
// What comes crosses it by a closure: generated code is specialised on its side, the call on the
// other.

/// What polling for a message found.
public enum Arrival: Sendable, Equatable { case message, end, pending }

/// A message as a call hands it over.
@unsafe public enum Payload {
  /// As it came over a wire, without framing; borrowed for the call of whoever is given it.
  case bytes(UnsafeRawBufferPointer)
  /// As it was sent, where both ends are in one process.
  case whole(any Message)
}

/// Messages coming in on one call.
public protocol InboundMessages: AnyObject, Sendable {
  /// Hands the next message to `body` if one is here.
  func poll(_ body: (Payload) throws -> Void) throws -> Arrival
  /// Suspends until `poll` would not answer `.pending`. Throws `Status` if the call broke or the
  /// task is cancelled.
  func arrival() async throws
}

/// Messages going out on one call.
public protocol OutboundMessages: AnyObject, Sendable {
  /// Queues one message.
  ///
  /// - Returns: false when the queue has passed its high watermark: `await drained()` then.
  func send(_ message: some Message) throws -> Bool
  /// Suspends until the queue is below its low watermark. Throws when the call has ended.
  func drained() async throws
}

/// The client's side of one call. `poll` and `arrival` throw the call's `Status` when it ended with
/// another code than OK; `.end` is the end of a call that went well.
public protocol ClientCall: InboundMessages, OutboundMessages {
  /// Half-closes: no more messages will be sent.
  func finish()
  /// Resets the stream with CANCEL; does nothing to a call that has ended.
  func cancel()
  /// Metadata of the response's head; empty before it came.
  var initialMetadata: Metadata { get }
  /// Metadata beside the status; empty before the call ended.
  var trailingMetadata: Metadata { get }
}

/// Opens calls on a connection.
public protocol ClientTransport: AnyObject, Sendable {
  func open(path: String, options: CallOptions) async throws -> any ClientCall
}

/// What a caller may ask of one call.
public struct CallOptions: Sendable {
  public var metadata: Metadata
  public var timeout: Duration?
  public init(metadata: Metadata = [:], timeout: Duration? = nil) {
    self.metadata = metadata
    self.timeout = timeout
  }
}
