import Synchronization

/// What a handler may know of its call, and the metadata it may answer with.
///
/// Cancellation (client gone, RST_STREAM, deadline) arrives as task cancellation of the handler.
public final class CallContext: Sendable {
  /// `/package.Service/Method`.
  public let path: String
  /// The client's metadata without pseudo and `grpc-*` headers.
  public let metadata: Metadata
  /// The call's end of time on the monotonic clock; nil when the client set none.
  public let deadline: ContinuousClock.Instant?
  /// `ip:port`, or `unix:`.
  public let peer: String

  private let answer = Mutex((initial: Metadata(), trailing: Metadata(), requestID: ""))

  public init(
    path: String, metadata: Metadata = [:], deadline: ContinuousClock.Instant? = nil,
    peer: String = ""
  ) {
    self.path = path
    self.metadata = metadata
    self.deadline = deadline
    self.peer = peer
  }

  /// What the log calls this call: set by the handler that knows; empty until then.
  public var requestID: String {
    get { answer.withLock { $0.requestID } }
    set { answer.withLock { $0.requestID = newValue } }
  }
  /// Sent with the first message; changes after that have no effect.
  public var initialMetadata: Metadata {
    get { answer.withLock { $0.initial } }
    set { answer.withLock { $0.initial = newValue } }
  }
  /// Sent with the status.
  public var trailingMetadata: Metadata {
    get { answer.withLock { $0.trailing } }
    set { answer.withLock { $0.trailing = newValue } }
  }
}
