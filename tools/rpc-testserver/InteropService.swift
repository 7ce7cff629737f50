internal import Messages
internal import TestMessages

/// `grpc.testing.TestService`, as the official interoperability tests want it.
///
/// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md (Server)
struct InteropService: GrpcTesting.TestService {
  private typealias Output = GrpcTesting.StreamingOutputCallResponse
  /// Largest payload made on request.
  private static let payloadLimit: Int32 = 64 << 20

  func emptyCall(
    _ request: GrpcTesting.Empty, context: CallContext
  ) async throws -> GrpcTesting.Empty {
    echoMetadata(context)
    return GrpcTesting.Empty()
  }

  func unaryCall(
    _ request: GrpcTesting.SimpleRequest, context: CallContext
  ) async throws -> GrpcTesting.SimpleResponse {
    echoMetadata(context)
    // Messages that claim to be compressed are refused before they come here.
    if request.expectCompressed?.value == true {
      throw Status(.invalidArgument, "the request was expected to be compressed and is not")
    }
    try check(request.responseStatus)
    return GrpcTesting.SimpleResponse(payload: try payload(request.responseSize))
  }

  func cacheableUnaryCall(
    _ request: GrpcTesting.SimpleRequest, context: CallContext
  ) async throws -> GrpcTesting.SimpleResponse {
    try await unaryCall(request, context: context)
  }

  func streamingOutputCall(
    _ request: GrpcTesting.StreamingOutputCallRequest,
    responses: ResponseWriter<GrpcTesting.StreamingOutputCallResponse>, context: CallContext
  ) async throws {
    echoMetadata(context)
    try await answer(request, responses)
  }

  func streamingInputCall(
    _ requests: RequestStream<GrpcTesting.StreamingInputCallRequest>, context: CallContext
  ) async throws -> GrpcTesting.StreamingInputCallResponse {
    echoMetadata(context)
    var sum: Int32 = 0
    while let request = try await requests.next() {
      if request.expectCompressed?.value == true {
        throw Status(.invalidArgument, "the request was expected to be compressed and is not")
      }
      sum &+= Int32(clamping: request.payload?.body.count ?? 0)
    }
    return GrpcTesting.StreamingInputCallResponse(aggregatedPayloadSize: sum)
  }

  func fullDuplexCall(
    _ requests: RequestStream<GrpcTesting.StreamingOutputCallRequest>,
    responses: ResponseWriter<GrpcTesting.StreamingOutputCallResponse>, context: CallContext
  ) async throws {
    echoMetadata(context)
    while let request = try await requests.next() { try await answer(request, responses) }
  }

  func halfDuplexCall(
    _ requests: RequestStream<GrpcTesting.StreamingOutputCallRequest>,
    responses: ResponseWriter<GrpcTesting.StreamingOutputCallResponse>, context: CallContext
  ) async throws {
    var all: [GrpcTesting.StreamingOutputCallRequest] = []
    while let request = try await requests.next() {
      guard all.count < 1_000 else { throw Status(.resourceExhausted, "over 1000 requests") }
      all.append(request)
    }
    for request in all { try await answer(request, responses) }
  }

  func unimplementedCall(
    _ request: GrpcTesting.Empty, context: CallContext
  ) async throws -> GrpcTesting.Empty {
    throw Status(.unimplemented, "deliberately not implemented")
  }

  private func answer(
    _ request: GrpcTesting.StreamingOutputCallRequest,
    _ responses: ResponseWriter<GrpcTesting.StreamingOutputCallResponse>
  ) async throws {
    try check(request.responseStatus)
    for wanted in request.responseParameters {
      if wanted.intervalUs > 0 {
        try await Task.sleep(for: .microseconds(Int(wanted.intervalUs)))
      }
      try await responses.send(Output(payload: try payload(wanted.size)))
    }
  }

  private func payload(_ size: Int32) throws -> GrpcTesting.Payload {
    guard (0...Self.payloadLimit).contains(size) else {
      throw Status(
        .invalidArgument, "payload of \(size) bytes; up to \(Self.payloadLimit) are made")
    }
    return GrpcTesting.Payload(body: [UInt8](repeating: 0, count: Int(size)))
  }

  private func check(_ wanted: GrpcTesting.EchoStatus?) throws {
    guard let wanted, wanted.code != 0 else { return }
    throw Status(Status.Code(rawValue: wanted.code) ?? .unknown, wanted.message)
  }

  private func echoMetadata(_ context: CallContext) {
    let initial = "x-grpc-test-echo-initial"
    if let value = context.metadata[initial] { context.initialMetadata.append(initial, value) }
    let trailing = "x-grpc-test-echo-trailing-bin"
    if let value = context.metadata[binary: trailing] {
      context.trailingMetadata.append(trailing, binary: value)
    }
  }
}
