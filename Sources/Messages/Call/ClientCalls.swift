/// A call that streams responses. Dropping it cancels the call.
public final class ServerStreamingCall<Response: Message>: Sendable {
  private let call: any ClientCall

  init(_ call: any ClientCall) { self.call = call }
  deinit { call.cancel() }

  /// The next response; nil at the end of a call that went well. Throws the call's `Status`.
  public func next() async throws -> Response? {
    try await withTaskCancellationHandler {
      try await TypedMessages.nextResponse(of: call)
    } onCancel: {
      call.cancel()
    }
  }

  public func cancel() { call.cancel() }
  /// Metadata of the response's head; empty before it came.
  public var initialMetadata: Metadata { call.initialMetadata }
  /// Metadata beside the status; empty before the call ended.
  public var trailingMetadata: Metadata { call.trailingMetadata }
}

/// A call that streams requests and has one response. Dropping it cancels the call.
public final class ClientStreamingCall<Request: Message, Response: Message>: Sendable {
  private let call: any ClientCall
  private let path: String

  init(_ call: any ClientCall, _ path: String) {
    self.call = call
    self.path = path
  }
  deinit { call.cancel() }

  /// Returns once the message is queued and the queue is below its watermark.
  public func send(_ request: Request) async throws {
    try await TypedMessages.send(request, to: call)
  }

  /// Ends the requests and waits for the response.
  public func response() async throws -> Response {
    call.finish()
    return try await withTaskCancellationHandler {
      try await TypedMessages.response(of: call, path)
    } onCancel: {
      call.cancel()
    }
  }

  public func cancel() { call.cancel() }
  /// Metadata of the response's head; empty before it came.
  public var initialMetadata: Metadata { call.initialMetadata }
  /// Metadata beside the status; empty before the call ended.
  public var trailingMetadata: Metadata { call.trailingMetadata }
}

/// A call that streams both ways. Dropping it cancels the call.
public final class BidirectionalCall<Request: Message, Response: Message>: Sendable {
  private let call: any ClientCall

  init(_ call: any ClientCall) { self.call = call }
  deinit { call.cancel() }

  /// Returns once the message is queued and the queue is below its watermark.
  public func send(_ request: Request) async throws {
    try await TypedMessages.send(request, to: call)
  }

  /// Ends the requests; responses may still come.
  public func finish() { call.finish() }

  /// The next response; nil at the end of a call that went well. Throws the call's `Status`.
  public func next() async throws -> Response? {
    try await withTaskCancellationHandler {
      try await TypedMessages.nextResponse(of: call)
    } onCancel: {
      call.cancel()
    }
  }

  public func cancel() { call.cancel() }
  /// Metadata of the response's head; empty before it came.
  public var initialMetadata: Metadata { call.initialMetadata }
  /// Metadata beside the status; empty before the call ended.
  public var trailingMetadata: Metadata { call.trailingMetadata }
}
