/// A file's own descriptor, for reflection: bytes in C, its index in Swift.
struct DescriptorGenerator {
  let file: FileGenerator

  init(_ file: FileGenerator) { self.file = file }

  /// `apus/v1/inference.proto` → `apusV1Inference`.
  static func name(_ path: String) -> String {
    SwiftNames.property(CNames.file(path))
  }

  func declaration(_ out: inout SourcePrinter) {
    let proto = file.file
    let access = file.options.visibility
    let symbols = proto.messages.flatMap(symbols) + proto.enums.map(\.fullName)
    let methods = proto.services.flatMap { service in
      [service.fullName] + service.methods.map { service.fullName + "." + $0.name }
    }
    out.print("")
    out.block("extension FileDescriptor") { out in
      out.print("/// `\(proto.path)`")
      out.print("\(access) static let \(Self.name(proto.path)) = unsafe FileDescriptor(")
      out.indented { out in
        out.print("name: \"\(proto.path)\",")
        out.print(
          "imports: [\(proto.dependencies.map { "." + Self.name($0) }.joined(separator: ", "))],")
        out.print("symbols: [")
        out.indented { out in
          for symbol in symbols + methods { out.print("\"\(symbol)\",") }
        }
        out.print("],")
        out.print(
          "bytes: UnsafeRawBufferPointer(",
          "  start: \(CNames.file(proto.path))_descriptor(), count: \(proto.descriptor.count)))")
      }
    }
  }

  private func symbols(_ message: Schema.MessageType) -> [String] {
    if message.isMapEntry { return [] }
    return [message.fullName] + message.messages.flatMap(symbols) + message.enums.map(\.fullName)
  }
}
