// How generated clients call, one function for each shape.

extension ClientTransport {
  // Inlined into stubs of this module, where the types are known.
  @inline(__always)
  public func unary<Request: Message, Response: Message>(
    _ path: String, _ request: Request, _ options: CallOptions
  ) async throws -> Response {
    try await TypedMessages.unary(on: self, path, request, options)
  }

  public func serverStreaming<Request: Message, Response: Message>(
    _ path: String, _ request: Request, _ options: CallOptions
  ) async throws -> ServerStreamingCall<Response> {
    let call = try await open(path: path, options: options)
    _ = try call.send(request)
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
