/// A client: one function for each method of a service.
struct ClientGenerator {
  let file: FileGenerator
  let service: Schema.ServiceType

  init(_ file: FileGenerator, _ service: Schema.ServiceType) {
    self.file = file
    self.service = service
  }

  func declaration(_ out: inout SourcePrinter) {
    let access = file.options.visibility
    out.print("/// Calls `\(service.fullName)`.")
    out.block("\(access) struct \(SwiftNames.type(service.name))Client: Sendable") { out in
      out.print("private let transport: any ClientTransport", "")
      out.block("\(access) init(_ transport: any ClientTransport)") { out in
        out.print("self.transport = transport")
      }
      for method in service.methods {
        out.print("")
        out.documentation(method.comment, fallback: "`\(service.fullName).\(method.name)`")
        declare(method, access, &out)
      }
    }
  }

  private func declare(
    _ method: Schema.Method, _ access: Options.Visibility, _ out: inout SourcePrinter
  ) {
    let input = ServiceGenerator.type(method.input, file.schema)
    let output = ServiceGenerator.type(method.output, file.schema)
    let request = method.clientStreams ? "" : "_ request: \(input), "
    let result: String
    let shape: String
    switch (method.clientStreams, method.serverStreams) {
    case (false, false): (shape, result) = ("unary", output)
    case (false, true): (shape, result) = ("serverStreaming", "ServerStreamingCall<\(output)>")
    case (true, false):
      (shape, result) = ("clientStreaming", "ClientStreamingCall<\(input), \(output)>")
    case (true, true):
      (shape, result) = ("bidirectional", "BidirectionalCall<\(input), \(output)>")
    }
    let path = "\"/\(service.fullName)/\(method.name)\""
    let arguments = method.clientStreams ? "\(path), options" : "\(path), request, options"
    out.print("\(access) func \(SwiftNames.property(method.name))(")
    out.indented { $0.print("\(request)options: CallOptions = CallOptions()") }
    out.block(") async throws -> \(result)") { out in
      out.print("try await transport.\(shape)(\(arguments))")
    }
  }
}
