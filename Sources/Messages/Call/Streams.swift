/// Requests of a client-streaming or bidirectional call, decoded as they are read.
public struct RequestStream<Element: Message>: Sendable {
  private let inbound: any InboundMessages
  public init(_ inbound: any InboundMessages) { self.inbound = inbound }

  /// The next message; nil after the other side half-closed.
  public func next() async throws -> Element? {
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
}

/// Responses of a streaming call. Back-pressure: `send` returns once the message is queued and
/// the queue is below its watermark, so a slow reader slows the handler.
public struct ResponseWriter<Element: Message>: Sendable {
  private let outbound: any OutboundMessages
  public init(_ outbound: any OutboundMessages) { self.outbound = outbound }

  public func send(_ message: Element) async throws {
    let below = unsafe try outbound.send { reserve in unsafe message.encode(reserve: reserve) }
    if !below { try await outbound.drained() }
  }
}
