internal import Messages

/// `grpc.health.v1.Health` from a board.
///
/// https://github.com/grpc/grpc/blob/master/doc/health-checking.md
struct HealthService: GrpcHealthV1.Health {
  private typealias Response = GrpcHealthV1.HealthCheckResponse
  /// Bytes of a service's name: a watch keeps it for as long as its client likes.
  static let nameLimit = 256
  let board: HealthBoard

  func check(
    _ request: GrpcHealthV1.HealthCheckRequest, context: CallContext
  ) async throws -> GrpcHealthV1.HealthCheckResponse {
    try Self.checkName(request)
    guard let status = board.status(of: request.service) else {
      let name = String(request.service.unicodeScalars.prefix(200))
      throw Status(.notFound, "service \"\(name)\" is not known")
    }
    return Response(status: Self.answer(status))
  }

  /// A watch that would go on for ever must not hold up a drain: it ends when the server's does.
  func watch(
    _ request: GrpcHealthV1.HealthCheckRequest,
    responses: ResponseWriter<GrpcHealthV1.HealthCheckResponse>, context: CallContext
  ) async throws {
    try Self.checkName(request)
    let watcher = board.watch(request.service)
    defer { board.unwatch(watcher) }
    while case .status(let status) = await board.news(for: watcher) {
      try await responses.send(Response(status: Self.answer(status)))
    }
    try Task.checkCancellation()
    throw Status(.unavailable, "the server is shutting down")
  }

  private static func checkName(_ request: GrpcHealthV1.HealthCheckRequest) throws(Status) {
    let size = request.service.utf8.count
    guard size > nameLimit else { return }
    throw Status(
      .invalidArgument,
      "service: a name of \(size) bytes is over the limit of \(nameLimit) bytes")
  }

  private static func answer(_ status: HealthBoard.Status?) -> Response.ServingStatus {
    switch status {
    case .serving: .serving
    case .notServing: .notServing
    case nil: .serviceUnknown
    }
  }
}
