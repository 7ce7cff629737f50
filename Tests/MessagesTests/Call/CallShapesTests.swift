import Messages
import TestMessages
import Testing

/// The interoperability service as far as these tests need it.
private struct Interop: GrpcTesting.TestService {
  typealias Output = GrpcTesting.StreamingOutputCallResponse

  func emptyCall(
    _ request: GrpcTesting.Empty, context: CallContext
  ) async throws -> GrpcTesting.Empty { request }

  func unaryCall(
    _ request: GrpcTesting.SimpleRequest, context: CallContext
  ) async throws -> GrpcTesting.SimpleResponse {
    if let status = request.responseStatus {
      throw Status(.init(rawValue: status.code) ?? .unknown, status.message)
    }
    let body = [UInt8](repeating: 0, count: Int(request.responseSize))
    return GrpcTesting.SimpleResponse(payload: .init(body: body), username: context.path)
  }

  func cacheableUnaryCall(
    _ request: GrpcTesting.SimpleRequest, context: CallContext
  ) async throws -> GrpcTesting.SimpleResponse { throw Status(.unimplemented) }

  func streamingOutputCall(
    _ request: GrpcTesting.StreamingOutputCallRequest, responses: ResponseWriter<Output>,
    context: CallContext
  ) async throws {
    for parameters in request.responseParameters {
      let body = [UInt8](repeating: 1, count: Int(parameters.size))
      try await responses.send(Output(payload: .init(body: body)))
    }
  }

  func streamingInputCall(
    _ requests: RequestStream<GrpcTesting.StreamingInputCallRequest>, context: CallContext
  ) async throws -> GrpcTesting.StreamingInputCallResponse {
    var sum = 0
    while let request = try await requests.next() { sum += request.payload?.body.count ?? 0 }
    return GrpcTesting.StreamingInputCallResponse(aggregatedPayloadSize: Int32(sum))
  }

  func fullDuplexCall(
    _ requests: RequestStream<GrpcTesting.StreamingOutputCallRequest>,
    responses: ResponseWriter<Output>, context: CallContext
  ) async throws {
    while let request = try await requests.next() {
      try await streamingOutputCall(request, responses: responses, context: context)
    }
  }

  func halfDuplexCall(
    _ requests: RequestStream<GrpcTesting.StreamingOutputCallRequest>,
    responses: ResponseWriter<Output>, context: CallContext
  ) async throws { throw Status(.unimplemented) }

  func unimplementedCall(
    _ request: GrpcTesting.Empty, context: CallContext
  ) async throws -> GrpcTesting.Empty { throw Status(.unimplemented) }
}

@Suite struct CallShapesTests {
  private let client = GrpcTesting.TestServiceClient(Loopback(Interop()))

  @Test func servicesListTheirMethods() {
    let methods = Interop().methods
    #expect(Interop.serviceName == "grpc.testing.TestService")
    #expect(methods.map(\.path).contains("/grpc.testing.TestService/FullDuplexCall"))
    #expect(
      methods.map(\.shape) == [
        .unary, .unary, .unary, .serverStreaming, .clientStreaming, .bidirectional,
        .bidirectional, .unary,
      ])
  }

  @Test func unary() async throws {
    let response = try await client.unaryCall(.init(responseSize: 314_159))
    #expect(response.payload?.body.count == 314_159)
    #expect(response.username == "/grpc.testing.TestService/UnaryCall")
    #expect(try await client.emptyCall(.init()) == .init())
  }

  @Test func statusReachesTheCaller() async throws {
    let request = GrpcTesting.SimpleRequest(responseStatus: .init(code: 2, message: "test status"))
    let status = await #expect(throws: Status.self) { try await client.unaryCall(request) }
    #expect(status?.code == .unknown)
    #expect(status?.message == "test status")
  }

  @Test func serverStreaming() async throws {
    let sizes: [Int32] = [31_415, 9, 2_653, 58_979]
    let call = try await client.streamingOutputCall(
      .init(responseParameters: sizes.map { .init(size: $0) }))
    var seen: [Int32] = []
    while let response = try await call.next() {
      seen.append(Int32(response.payload?.body.count ?? -1))
    }
    #expect(seen == sizes)
  }

  @Test func clientStreaming() async throws {
    let call = try await client.streamingInputCall()
    for size in [27_182, 8, 1_828, 45_904] {
      try await call.send(.init(payload: .init(body: [UInt8](repeating: 0, count: size))))
    }
    #expect(try await call.response().aggregatedPayloadSize == 74_922)
  }

  @Test func bidirectional() async throws {
    let call = try await client.fullDuplexCall()
    for size in [Int32(31_415), 9, 2_653] {
      try await call.send(.init(responseParameters: [.init(size: size)]))
      #expect(try await call.next()?.payload?.body.count == Int(size))
    }
    call.finish()
    #expect(try await call.next() == nil)
  }

  /// A request that does not parse is INTERNAL.
  @Test(arguments: [
    (decode(hex: "0a05"), Status.Code.internal),
    ([0x22] + [UInt8](repeating: 0xff, count: 3), .internal),
  ])
  func malformedRequests(payload: [UInt8], code: Status.Code) async throws {
    // A handler that does not read its requests cannot object to them.
    for method in Interop().methods where !method.path.hasSuffix("/HalfDuplexCall") {
      let requests = Pipe()
      requests.push(payload)
      requests.close(nil)
      let status = await #expect(throws: Status.self) {
        try await method.call(requests, Pipe(), CallContext(path: method.path))
      }
      #expect(status?.code == code)
      #expect(status?.message.hasPrefix("malformed request: grpc.testing.") == true)
    }
  }

  @Test func responsesThatAreMissingOrTooMany() async throws {
    let none = MethodHandler(path: "/a", shape: .unary) { _, _, _ in }
    let two = MethodHandler(path: "/b", shape: .unary) { _, outbound, _ in
      for _ in 0..<2 { _ = try outbound.send(GrpcTesting.Empty()) }
    }
    struct Listed: Service {
      static var serviceName: String { "" }
      let methods: [MethodHandler]
    }
    let transport = Loopback(Listed(methods: [none, two]))
    for path in ["/a", "/b"] {
      let status = await #expect(throws: Status.self) {
        let _: GrpcTesting.Empty = try await transport.unary(
          path, GrpcTesting.Empty(), CallOptions())
      }
      #expect(status?.code == .internal)
    }
  }

  @Test func filesDescribeThemselves() throws {
    let file = try #require(Interop.file)
    #expect(file.name == "grpc/testing/test.proto")
    #expect(
      file.imports.map(\.name) == ["grpc/testing/empty.proto", "grpc/testing/messages.proto"])
    #expect(file.symbols.contains("grpc.testing.TestService.UnaryCall"))
    // Field 1 of a FileDescriptorProto is its name.
    #expect(file.bytes.starts(with: [0x0a, 23] + Array("grpc/testing/test.proto".utf8)))
    #expect(FileDescriptor.apusV1Inference.symbols.contains("apus.v1.Tensor.DataType"))
  }
}
