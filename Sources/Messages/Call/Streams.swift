/// Requests of a client-streaming or bidirectional call, decoded as they are read.
public struct RequestStream<Element: Message>: Sendable {
  private let inbound: any InboundMessages
  public init(_ inbound: any InboundMessages) { self.inbound = inbound }

  /// The next message; nil after the other side half-closed. Throws `Status` for bytes that do not
  /// decode.
  public func next() async throws -> Element? {
    do {
      return try await inbound.next()
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
    try await outbound.sendMessage(message)
  }
}

extension InboundMessages {
  /// The next message, decoded; nil at the end. Throws `DecodingError`, or `Status` if the call
  /// broke.
  func next<Element: Message>() async throws -> Element? {
    while true {
      var message: Element?
      let arrival = unsafe try poll { bytes in
        message = unsafe try Element(decoding: bytes, limits: .standard)
      }
      switch arrival {
      case .message: return message
      case .end: return nil
      case .pending: try await self.arrival()
      }
    }
  }
}

extension OutboundMessages {
  /// Encodes and queues a message, then waits while the queue is above its watermark.
  func sendMessage(_ message: some Message) async throws {
    let below = unsafe try send { reserve in unsafe message.encode(reserve: reserve) }
    if !below { try await drained() }
  }
}
