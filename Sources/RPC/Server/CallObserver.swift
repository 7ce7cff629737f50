public import Messages

/// Hears of every call that ended: for logs and measurements.
public protocol CallObserver: Sendable {
  /// Called on the connection's loop after handler and stream have both ended, and for requests
  /// that were answered with a status but never became a call; must not block.
  func callEnded(_ call: EndedCall)
}

/// What is known of a call at its end.
public struct EndedCall: Sendable {
  /// Messages and their bytes without framing.
  public struct Traffic: Sendable, Equatable {
    public var messages = 0
    public var bytes = 0
  }
  public let context: CallContext
  /// As sent to the client, or as the client's reset made it; `cause` is for the log only.
  public let status: Status
  /// From the request's head to the call's end.
  public let duration: Duration
  public let received: Traffic
  public let sent: Traffic
  /// The index of the loop that the call lived on, where its end is told.
  public let loop: Int

  public var path: String { context.path }
  public var peer: String { context.peer }
  /// The same as in the answer, see `CallContext`.
  public var requestID: String { context.requestID }
}
