/// The crossing of one message: `init(bridging:)` from protobuf-c's structure, `bridge(in:)` to it.
struct BridgeMethodGenerator {
  let file: FileGenerator
  let message: Schema.MessageType
  private let parts: MessageGenerator

  init(_ file: FileGenerator, _ message: Schema.MessageType) {
    self.file = file
    self.message = message
    parts = MessageGenerator(file, message)
  }

  private var structure: String { CNames.structure(message.fullName) }
  private var plain: [FieldGenerator] { parts.fields.filter { $0.field.oneof == nil } }
  private var maps: [MapGenerator] {
    plain.compactMap { field in
      file.schema.mapEntry(of: field.field).map {
        MapGenerator(field, key: $0.key, value: $0.value)
      }
    }
  }

  func declaration(_ out: inout SourcePrinter) throws {
    let access = file.options.visibility
    let initial = "\(CNames.prefix(message.fullName))__init"
    out.print("")
    out.block("extension \(SwiftNames.qualified(message))") { out in
      out.print("\(access) static let layout = unsafe MessageLayout(\(initial))")
      for map in maps { map.layoutDeclaration(&out) }
      out.print("")
      out.block(
        "\(access) init(bridging source: UnsafeRawPointer) throws(DecodingError)"
      ) { out in
        out.print("self.init()")
        if !parts.fields.isEmpty {
          out.print("let c = unsafe source.assumingMemoryBound(to: \(structure).self)")
        }
        for field in plain { field.decode(&out) }
        for oneof in parts.oneofs { oneof.decode(&out) }
      }
      out.print("")
      out.block("\(access) func bridge(in arena: BridgeArena) -> UnsafeMutableRawPointer") { out in
        out.print("let c = unsafe arena.make(\(structure).self, Self.layout)")
        for field in plain { field.encode(&out) }
        for oneof in parts.oneofs { oneof.encode(&out) }
        out.print("return UnsafeMutableRawPointer(c)")
      }
    }
  }
}
