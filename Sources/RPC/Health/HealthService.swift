internal import Messages

/// `grpc.health.v1.Health` from a board.
///
/// https://github.com/grpc/grpc/blob/master/doc/health-checking.md
struct HealthService: GrpcHealthV1.Health {
  private typealias Response = GrpcHealthV1.HealthCheckResponse
  let board: HealthBoard

  func check(
    _ request: GrpcHealthV1.HealthCheckRequest, context: CallContext
  ) async throws -> GrpcHealthV1.HealthCheckResponse {
    guard let status = board.status(of: request.service) else {
      throw Status(.notFound, "service \"\(String(request.service.unicodeScalars.prefix(200)))\" is not known")
    }
    return Response(status: Self.answer(status))
  }

  func watch(
    _ request: GrpcHealthV1.HealthCheckRequest,
    responses: ResponseWriter<GrpcHealthV1.HealthCheckResponse>, context: CallContext
  ) async throws {
    // A slow watcher needs the newest status only.
    let (changes, source) = AsyncStream.makeStream(
      of: HealthBoard.Status?.self, bufferingPolicy: .bufferingNewest(1))
    let number = board.watch(request.service) { source.yield($0) }
    defer { board.unwatch(number) }
    for await status in changes {
      try await responses.send(Response(status: Self.answer(status)))
    }
  }

  private static func answer(_ status: HealthBoard.Status?) -> Response.ServingStatus {
    switch status {
    case .serving: .serving
    case .notServing: .notServing
    case nil: .serviceUnknown
    }
  }
}
