/// Requests of a client-streaming or bidirectional call, decoded as they are read.
public struct RequestStream<Element: Message>: Sendable {
  private let inbound: any InboundMessages
  public init(_ inbound: any InboundMessages) { self.inbound = inbound }

  /// The next message; nil after the other side half-closed. Throws `Status` for bytes that do not
  /// decode.
  public func next() async throws -> Element? {
    do {
      return try await TypedMessages.next(of: inbound)
    } catch let error as DecodingError {
      throw Status(malformedRequest: error)
    }
  }
}

/// Responses of a streaming call. Back-pressure: `send` returns once the message is queued and
/// the queue is below its watermark, so a slow reader slows the handler.
public struct ResponseWriter<Element: Message>: Sendable {
  private let outbound: any OutboundMessages
  public init(_ outbound: any OutboundMessages) { self.outbound = outbound }

  public func send(_ message: Element) async throws {
    try await TypedMessages.send(message, to: outbound)
  }
}

/// Typed messages over a call's channels. Functions, not methods of the channels' protocols: those
/// would be generic over who moves the bytes too, and such code looks types up at run time, in
/// every call.
enum TypedMessages {
  /// The next message, decoded; nil at the end. Throws `DecodingError`, or `Status` if the call
  /// broke.
  static func next<Element: Message>(of inbound: any InboundMessages) async throws -> Element? {
    while true {
      var message: Element?
      let arrival = unsafe try inbound.poll { bytes in
        message = unsafe try Element(decoding: bytes, limits: .standard)
      }
      switch arrival {
      case .message: return message
      case .end: return nil
      case .pending: try await inbound.arrival()
      }
    }
  }

  /// Encodes and queues a message, then waits while the queue is above its watermark.
  static func send(_ message: some Message, to outbound: any OutboundMessages) async throws {
    let below = unsafe try outbound.send { reserve in unsafe message.encode(reserve: reserve) }
    if !below { try await outbound.drained() }
  }

  /// The next message of a response; nil at the end of a call that went well.
  static func nextResponse<Response: Message>(
    of call: any InboundMessages
  ) async throws -> Response? {
    do {
      return try await next(of: call)
    } catch let error as DecodingError {
      throw Status(.internal, "malformed response: \(error)", cause: error)
    }
  }

  /// The one response of a call, and its end.
  static func response<Response: Message>(
    of call: any InboundMessages, _ path: String
  ) async throws -> Response {
    guard let response: Response = try await nextResponse(of: call) else {
      throw Status(.internal, "\(path) ended well but without a response message")
    }
    guard try await nextResponse(of: call) as Response? == nil else {
      throw Status(.internal, "\(path) sent several response messages; one is allowed")
    }
    return response
  }

  /// A call with one message each way.
  static func unary<Request: Message, Response: Message>(
    on transport: any ClientTransport, _ path: String, _ request: Request, _ options: CallOptions
  ) async throws -> Response {
    let call = try await transport.open(path: path, options: options)
    return try await withTaskCancellationHandler {
      _ = unsafe try call.send { reserve in unsafe request.encode(reserve: reserve) }
      call.finish()
      return try await response(of: call, path)
    } onCancel: {
      call.cancel()
    }
  }
}
