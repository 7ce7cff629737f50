/// A service: a protocol with one async requirement for each method, and its list for RPC.
struct ServiceGenerator {
  let file: FileGenerator
  let service: Schema.ServiceType

  init(_ file: FileGenerator, _ service: Schema.ServiceType) {
    self.file = file
    self.service = service
  }

  private var name: String { SwiftNames.type(service.name) }

  static func type(_ fullName: String, _ schema: Schema) -> String {
    schema.messages[fullName].map(SwiftNames.qualified) ?? fullName
  }

  func declaration(_ out: inout SourcePrinter) {
    let access = file.options.visibility
    out.documentation(service.comment, fallback: "`\(service.fullName)`")
    out.print("///", "/// Implement this and register it with a server.")
    out.block("\(access) protocol \(name): Service") { out in
      for (index, method) in service.methods.enumerated() {
        if index > 0 { out.print("") }
        out.documentation(method.comment, fallback: "`\(service.fullName).\(method.name)`")
        for line in requirement(method) { out.print(line) }
      }
    }
  }

  /// The four shapes differ in who streams.
  private func requirement(_ method: Schema.Method) -> [String] {
    let input = Self.type(method.input, file.schema)
    let output = Self.type(method.output, file.schema)
    let name = SwiftNames.property(method.name)
    let request =
      method.clientStreams ? "_ requests: RequestStream<\(input)>" : "_ request: \(input)"
    if method.serverStreams {
      return [
        "func \(name)(",
        "  \(request), responses: ResponseWriter<\(output)>, context: CallContext",
        ") async throws",
      ]
    }
    return ["func \(name)(\(request), context: CallContext) async throws -> \(output)"]
  }

  /// How `MethodHandler` calls the shapes.
  private func shape(_ method: Schema.Method) -> String {
    switch (method.clientStreams, method.serverStreams) {
    case (false, false): "unary"
    case (false, true): "serverStreaming"
    case (true, false): "clientStreaming"
    case (true, true): "bidirectional"
    }
  }

  func defaults(_ out: inout SourcePrinter) {
    let access = file.options.visibility
    let space = file.file.space
    let descriptor = DescriptorGenerator.name(file.file.path)
    out.print("")
    out.block("extension \(space.isEmpty ? name : space + "." + name)") { out in
      out.print(
        "\(access) static var serviceName: String { \"\(service.fullName)\" }",
        "\(access) static var file: FileDescriptor? { .\(descriptor) }")
      out.block("\(access) var methods: [MethodHandler]") { out in
        out.print("[")
        out.indented { out in
          for method in service.methods {
            let path = "/\(service.fullName)/\(method.name)"
            let name = SwiftNames.property(method.name)
            out.print(".\(shape(method))(\"\(path)\", self.\(name)),")
          }
        }
        out.print("]")
      }
    }
  }
}
