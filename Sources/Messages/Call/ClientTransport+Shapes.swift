// How generated clients call, one function for each shape.

extension ClientTransport {
  public func unary<Request: Message, Response: Message>(
    _ path: String, _ request: Request, _ options: CallOptions
  ) async throws -> Response {
    let call = try await open(path: path, options: options)
    return try await withTaskCancellationHandler {
      _ = unsafe try call.send { reserve in unsafe request.encode(reserve: reserve) }
      call.finish()
      return try await call.single(path)
    } onCancel: {
      call.cancel()
    }
  }

  public func serverStreaming<Request: Message, Response: Message>(
    _ path: String, _ request: Request, _ options: CallOptions
  ) async throws -> ServerStreamingCall<Response> {
    let call = try await open(path: path, options: options)
    _ = unsafe try call.send { reserve in unsafe request.encode(reserve: reserve) }
    call.finish()
    return ServerStreamingCall(call)
  }

  public func clientStreaming<Request: Message, Response: Message>(
    _ path: String, _ options: CallOptions
  ) async throws -> ClientStreamingCall<Request, Response> {
    ClientStreamingCall(try await open(path: path, options: options), path)
  }

  public func bidirectional<Request: Message, Response: Message>(
    _ path: String, _ options: CallOptions
  ) async throws -> BidirectionalCall<Request, Response> {
    BidirectionalCall(try await open(path: path, options: options))
  }
}

extension InboundMessages {
  /// The next message of a response; nil at the end of a call that went well.
  func nextResponse<Response: Message>() async throws -> Response? {
    do {
      return try await next()
    } catch let error as DecodingError {
      throw Status(.internal, "malformed response: \(error)", cause: error)
    }
  }

  /// The one response of a call, and its end.
  func single<Response: Message>(_ path: String) async throws -> Response {
    guard let response: Response = try await nextResponse() else {
      throw Status(.internal, "\(path) ended well but without a response message")
    }
    guard try await nextResponse() as Response? == nil else {
      throw Status(.internal, "\(path) sent several response messages; one is allowed")
    }
    return response
  }
}
