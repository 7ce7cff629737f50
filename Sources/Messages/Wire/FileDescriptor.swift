/// A .proto file as reflection serves it. Generated code makes one for each file.
///
/// Source of the bytes: google.protobuf.FileDescriptorProto.
///
/// `@unchecked Sendable`: the bytes are a constant of the program.
@safe public struct FileDescriptor: @unchecked Sendable {
  /// As other files import it, such as `apus/v1/inference.proto`.
  public let name: String
  /// The files that this one imports.
  public let imports: [FileDescriptor]
  /// Full names of messages, enums, services and methods.
  public let symbols: [String]
  private let memory: UnsafeRawBufferPointer

  public init(
    name: String, imports: [FileDescriptor], symbols: [String], bytes: UnsafeRawBufferPointer
  ) {
    self.name = name
    self.imports = imports
    self.symbols = symbols
    unsafe memory = unsafe bytes
  }

  /// The encoded FileDescriptorProto.
  public var bytes: [UInt8] { unsafe [UInt8](memory) }
}
