/// Requests of a client-streaming or bidirectional call, decoded as they are read.
public struct RequestStream<Element: Message>: Sendable {
  private let inbound: any InboundMessages
  public init(_ inbound: any InboundMessages) { self.inbound = inbound }

  /// The next message; nil after the other side half-closed. Throws `Status` for bytes that do not
  /// decode.
  public func next() async throws -> Element? {
    try await TypedMessages.next(of: inbound) { Status(malformedRequest: $0) }
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
///
/// What encodes and decodes is not asynchronous: the frame of a function that waits would hold all
/// its temporaries for as long as it waits.
enum TypedMessages {
  /// What polling found, decoded.
  enum Next<Element> {
    case message(Element)
    case end
    case pending
  }

  /// - Parameter malformed: what is thrown for bytes that do not decode.
  @inline(never)
  static func poll<Element: Message>(
    _ inbound: any InboundMessages, malformed: (DecodingError) -> Status
  ) throws -> Next<Element> {
    var message: Element?
    let arrival: Arrival
    do {
      arrival = unsafe try inbound.poll { payload in message = unsafe try Element(payload) }
    } catch let error as DecodingError {
      throw malformed(error)
    }
    if let message { return .message(message) }
    return arrival == .end ? .end : .pending
  }

  /// The next message, decoded; nil at the end. Throws `Status`.
  static func next<Element: Message>(
    of inbound: any InboundMessages, malformed: (DecodingError) -> Status
  ) async throws -> Element? {
    while true {
      switch try poll(inbound, malformed: malformed) as Next<Element> {
      case .message(let message): return message
      case .end: return nil
      case .pending: try await inbound.arrival()
      }
    }
  }

  /// Queues a message, then waits while the queue is above its watermark.
  static func send(_ message: some Message, to outbound: any OutboundMessages) async throws {
    if try !outbound.send(message) { try await outbound.drained() }
  }

  /// The next message of a response; nil at the end of a call that went well.
  static func nextResponse<Response: Message>(
    of call: any InboundMessages
  ) async throws -> Response? {
    try await next(of: call, malformed: malformedResponse)
  }

  /// The one response of a call, and its end.
  static func response<Response: Message>(
    of call: any InboundMessages, _ path: String
  ) async throws -> Response {
    var response: Response?
    while true {
      if let response = try end(of: call, path, response: &response) { return response }
      try await call.arrival()
    }
  }

  /// - Parameter response: the one response, once it is here.
  /// - Returns: it, once the call has ended well.
  @inline(never)
  private static func end<Response: Message>(
    of call: any InboundMessages, _ path: String, response: inout Response?
  ) throws -> Response? {
    while true {
      switch try poll(call, malformed: malformedResponse) as Next<Response> {
      case .message(let next):
        guard response == nil else {
          throw Status(.internal, "\(path) sent several response messages; one is allowed")
        }
        response = next
      case .end:
        guard let response else {
          throw Status(.internal, "\(path) ended well but without a response message")
        }
        return response
      case .pending: return nil
      }
    }
  }

  private static func malformedResponse(_ error: DecodingError) -> Status {
    Status(.internal, "malformed response: \(error)", cause: error)
  }

  /// A call with one message each way.
  static func unary<Request: Message, Response: Message>(
    on transport: any ClientTransport, _ path: String, _ request: Request, _ options: CallOptions
  ) async throws -> Response {
    let call = try await transport.open(path: path, options: options)
    do {
      _ = try call.send(request)
      call.finish()
      return try await response(of: call, path)
    } catch {
      // A wait throws when its task is cancelled; a call that has ended takes no notice.
      call.cancel()
      throw error
    }
  }
}

extension Message {
  /// - Throws: for bytes that do not decode.
  fileprivate init(_ payload: Payload) throws(DecodingError) {
    switch unsafe payload {
    case .bytes(let bytes): unsafe try self.init(decoding: bytes, limits: .standard)
    case .whole(let message):
      if let same = message as? Self {
        self = same
      } else {
        // Of another type with, as it may be, the same wire format.
        try self.init(message.encoded())
      }
    }
  }
}
