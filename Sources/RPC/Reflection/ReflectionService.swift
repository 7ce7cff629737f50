internal import Bytes
internal import Messages

/// Server reflection, v1 and v1alpha: the same messages under two names.
///
/// https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
struct ReflectionService: Service {
  private typealias V1 = GrpcReflectionV1
  static let serviceName = "grpc.reflection.v1.ServerReflection"
  static let alphaName = "grpc.reflection.v1alpha.ServerReflection"
  static var file: FileDescriptor? { .grpcReflectionV1Reflection }

  let index: ReflectionIndex

  var methods: [MethodHandler] {
    [Self.serviceName, Self.alphaName].map { name in
      .bidirectional("/\(name)/ServerReflectionInfo") { requests, responses, _ in
        try await answer(requests, responses)
      }
    }
  }

  private func answer(
    _ requests: RequestStream<GrpcReflectionV1.ServerReflectionRequest>,
    _ responses: ResponseWriter<GrpcReflectionV1.ServerReflectionResponse>
  ) async throws {
    while let request = try await requests.next() {
      try await responses.send(
        V1.ServerReflectionResponse(
          validHost: request.host, originalRequest: request,
          messageResponse: answer(to: request)))
    }
  }

  /// Errors are answers, too: the stream goes on.
  func answer(
    to request: GrpcReflectionV1.ServerReflectionRequest
  ) -> GrpcReflectionV1.ServerReflectionResponse.MessageResponse {
    switch request.messageRequest {
    case .fileByFilename(let name):
      return files(index.file(named: name), "file \"\(Self.shown(name))\"")
    case .fileContainingSymbol(let symbol):
      return files(index.file(containing: symbol), "symbol \"\(Self.shown(symbol))\"")
    case .listServices:
      return .listServicesResponse(
        V1.ListServiceResponse(service: index.serviceNames.map { V1.ServiceResponse(name: $0) }))
    case .fileContainingExtension(let asked):
      return error(
        .notFound,
        "\(Self.shown(asked.containingType)) has no extension \(asked.extensionNumber)")
    case .allExtensionNumbersOfType(let type):
      guard index.file(containing: type) != nil else {
        return error(.notFound, "symbol \"\(Self.shown(type))\" is not known")
      }
      // proto3 has no extensions but those of options, which no service here declares.
      return .allExtensionNumbersResponse(V1.ExtensionNumberResponse(baseTypeName: type))
    case nil:
      return error(.invalidArgument, "the request asks for nothing")
    }
  }

  private static func shown(_ name: String) -> String {
    VisibleText.shortened(name, bytes: 200)
  }

  private func files(
    _ found: [[UInt8]]?, _ what: String
  ) -> GrpcReflectionV1.ServerReflectionResponse.MessageResponse {
    guard let found else { return error(.notFound, "\(what) is not known") }
    return .fileDescriptorResponse(V1.FileDescriptorResponse(fileDescriptorProto: found))
  }

  private func error(
    _ code: Status.Code, _ message: String
  ) -> GrpcReflectionV1.ServerReflectionResponse.MessageResponse {
    .errorResponse(V1.ErrorResponse(errorCode: code.rawValue, errorMessage: message))
  }
}
