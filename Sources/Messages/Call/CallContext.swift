internal import Synchronization

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

  /// Longest request id, in bytes.
  public static let requestIDLimit = 128

  /// Whether the client's metadata place the call in a trace, well or badly: then its answer says
  /// which span it was and where its time went.
  public let isTraced: Bool

  private enum Trace {
    case parent(TraceContext?)
    case own(TraceContext)
  }
  private struct Answer {
    var trace: Trace
    var initial = Metadata()
    var trailing = Metadata()
    /// What the call may be called, and whether somebody has asked.
    var requestID: String?
    var isNamed = false
    var attachment: (any AnyObject & Sendable)?
  }
  private let answer: Mutex<Answer>

  /// - Parameters:
  ///   - requestID: what the client's metadata call the call; nil if they do not.
  ///   - traceparent: where they place it in a trace; nil if they do not. What is malformed counts
  ///     as the wish for a trace.
  public init(
    path: String, metadata: Metadata = [:], deadline: ContinuousClock.Instant? = nil,
    peer: String = "", requestID: String? = nil, traceparent: String? = nil
  ) {
    let parent = traceparent.flatMap { TraceContext(traceparent: $0) }
    answer = Mutex(Answer(trace: .parent(parent), requestID: requestID))
    isTraced = traceparent != nil
    self.path = path
    self.metadata = metadata
    self.deadline = deadline
    self.peer = peer
  }

  /// What answers, errors and the log call this call: the name that its message chose, else that of
  /// the client's metadata, else one that is made here. Settled when it is first asked for, and
  /// the same from then on.
  public var requestID: String {
    answer.withLock { answer in
      let id = answer.requestID ?? RequestID.make()
      answer.requestID = id
      answer.isNamed = true
      return id
    }
  }

  /// Names the call as its message wants it; too late once somebody has asked for the name.
  public func name(_ requestID: String) {
    answer.withLock { answer in
      guard !answer.isNamed else { return }
      answer.requestID = requestID
      answer.isNamed = true
    }
  }
  /// The call's span: in its client's trace, or else the first of a trace of its own. Made when it
  /// is first asked for, and the same from then on.
  public var trace: TraceContext {
    answer.withLock { answer in
      switch answer.trace {
      case .own(let trace): return trace
      case .parent(let parent):
        let trace = TraceContext.make(parent: parent)
        answer.trace = .own(trace)
        return trace
      }
    }
  }

  /// What the server's interceptors, its handlers and its observer know of the call together;
  /// theirs to choose, nil until one of them sets it.
  public var attachment: (any AnyObject & Sendable)? {
    get { answer.withLock { $0.attachment } }
    set { answer.withLock { $0.attachment = newValue } }
  }
  /// Sent with the first message; changes after that have no effect.
  public var initialMetadata: Metadata {
    get { answer.withLock { $0.initial } }
    set { answer.withLock { $0.initial = newValue } }
  }
  /// The same as reading `initialMetadata`, appending and setting it again, at once.
  public func appendInitial(_ name: String, _ text: String, changes: Bool = false) {
    answer.withLock { $0.initial.append(name, text, changes: changes) }
  }
  /// Sent with the status.
  public var trailingMetadata: Metadata {
    get { answer.withLock { $0.trailing } }
    set { answer.withLock { $0.trailing = newValue } }
  }
}
