// How generated services turn typed handlers into `MethodHandler`s, one function for each shape.

extension MethodHandler {
  public static func unary<Request: Message, Response: Message>(
    _ path: String, _ body: @escaping @Sendable (Request, CallContext) async throws -> Response
  ) -> MethodHandler {
    MethodHandler(path: path, shape: .unary) { inbound, outbound, context in
      let response = try await body(single(inbound), context)
      _ = try outbound.send(response)
    }
  }

  public static func serverStreaming<Request: Message, Response: Message>(
    _ path: String,
    _ body:
      @escaping @Sendable (Request, ResponseWriter<Response>, CallContext) async throws -> Void
  ) -> MethodHandler {
    MethodHandler(path: path, shape: .serverStreaming) { inbound, outbound, context in
      try await body(single(inbound), ResponseWriter(outbound), context)
    }
  }

  public static func clientStreaming<Request: Message, Response: Message>(
    _ path: String,
    _ body: @escaping @Sendable (RequestStream<Request>, CallContext) async throws -> Response
  ) -> MethodHandler {
    MethodHandler(path: path, shape: .clientStreaming) { inbound, outbound, context in
      let response = try await body(RequestStream(inbound), context)
      _ = try outbound.send(response)
    }
  }

  public static func bidirectional<Request: Message, Response: Message>(
    _ path: String,
    _ body:
      @escaping @Sendable (RequestStream<Request>, ResponseWriter<Response>, CallContext)
      async throws -> Void
  ) -> MethodHandler {
    MethodHandler(path: path, shape: .bidirectional) { inbound, outbound, context in
      try await body(RequestStream(inbound), ResponseWriter(outbound), context)
    }
  }

  /// The request of a call that has one, which is here before its handler is called.
  @inline(never)
  private static func single<Request: Message>(_ inbound: any InboundMessages) throws -> Request {
    let next: TypedMessages.Next<Request> = try TypedMessages.poll(inbound) {
      Status(malformedRequest: $0)
    }
    guard case .message(let request) = next else {
      throw Status(.unimplemented, "the call has no request message")
    }
    return request
  }
}

extension Status {
  /// What a caller hears whose request does not decode.
  init(malformedRequest error: DecodingError) {
    let code: Code =
      switch error.code {
      case .tooLarge, .tooManyElements: .resourceExhausted
      case .malformed, .tooDeep, .invalidUTF8: .internal
      }
    self.init(code, "malformed request: \(error)", cause: error)
  }
}
