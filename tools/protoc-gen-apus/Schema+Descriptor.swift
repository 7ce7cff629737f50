import CDescriptor

// protoc's FileDescriptorProto → Schema. Paths of comments are field numbers of descriptor.proto:
// 4 message, 5 enum, 6 service within a file; 2 field, 3 nested, 4 enum, 8 oneof within a message.

extension Schema {
  init(request: UnsafePointer<Google__Protobuf__Compiler__CodeGeneratorRequest>) throws {
    for index in 0..<(unsafe request.pointee.n_file_to_generate) {
      unsafe wanted.append(text(request.pointee.file_to_generate[index]))
    }
    for index in 0..<(unsafe request.pointee.n_proto_file) {
      guard let file = unsafe request.pointee.proto_file[index] else { continue }
      let reader = try unsafe FileReader(file)
      let parsed = try reader.read(wanted: wanted.contains(reader.path))
      // Without a package, Swift's structs would have the names of the C structs below them.
      if reader.package.isEmpty, wanted.contains(reader.path) {
        throw GenerationError(
          reader.path, "a package is needed: write `package name.v1;` below the syntax")
      }
      for message in parsed.messages { register(message) }
      for value in parsed.enums { enums[value.fullName] = value }
      files.append(parsed)
    }
  }

  private mutating func register(_ message: MessageType) {
    messages[message.fullName] = message
    for nested in message.messages { register(nested) }
    for value in message.enums { enums[value.fullName] = value }
  }
}

/// A C string as Swift text; empty for NULL.
func text(_ pointer: UnsafePointer<CChar>?) -> String {
  guard let pointer = unsafe pointer else { return "" }
  return unsafe String(cString: pointer)
}

/// Reads one file's descriptor, which lives as long as the process.
@safe private struct FileReader {
  typealias FileProto = Google__Protobuf__FileDescriptorProto
  typealias MessageProto = Google__Protobuf__DescriptorProto
  typealias FieldProto = Google__Protobuf__FieldDescriptorProto
  typealias EnumProto = Google__Protobuf__EnumDescriptorProto
  typealias ServiceProto = Google__Protobuf__ServiceDescriptorProto

  let file: UnsafeMutablePointer<FileProto>
  let path: String
  let package: String
  let space: String
  let syntax: Schema.Syntax
  private let comments: [[Int32]: String]

  init(_ file: UnsafeMutablePointer<FileProto>) throws {
    unsafe self.file = unsafe file
    path = unsafe text(file.pointee.name)
    package = unsafe text(file.pointee.package)
    let prefix = unsafe text(file.pointee.options?.pointee.swift_prefix)
    guard prefix.isEmpty || SwiftNames.isIdentifier(prefix) else {
      throw GenerationError(path, "swift_prefix `\(prefix)` must be a name that Swift can have")
    }
    space = prefix.isEmpty ? SwiftNames.namespace(package) : prefix
    syntax = unsafe text(file.pointee.syntax) == "proto3" ? .proto3 : .proto2
    var comments: [[Int32]: String] = [:]
    if let info = unsafe file.pointee.source_code_info {
      for index in 0..<(unsafe info.pointee.n_location) {
        guard let location = unsafe info.pointee.location[index] else { continue }
        let comment = unsafe text(location.pointee.leading_comments)
        if comment.isEmpty { continue }
        let key = unsafe (0..<location.pointee.n_path).map { unsafe location.pointee.path[$0] }
        comments[key] = comment
      }
    }
    self.comments = comments
  }

  func read(wanted: Bool) throws -> Schema.File {
    let declared = unsafe text(file.pointee.syntax)
    guard ["", "proto2", "proto3"].contains(declared) else {
      throw GenerationError(
        path, "syntax \(declared) is not supported; write syntax = \"proto3\" or \"proto2\"")
    }
    if wanted, unsafe file.pointee.n_extension > 0 {
      throw GenerationError(path, "extensions (`extend`) are not supported; use a field instead")
    }
    let f = unsafe file.pointee
    let scope = Scope(fullName: package, parents: [], path: [])
    return unsafe Schema.File(
      path: path, package: package, space: space, syntax: syntax,
      dependencies: (0..<f.n_dependency).map { unsafe text(f.dependency[$0]) },
      messages: try (0..<f.n_message_type).map {
        try unsafe message(f.message_type[$0]!, scope, 4, Int32($0), wanted)
      },
      enums: (0..<f.n_enum_type).map { unsafe enumeration(f.enum_type[$0]!, scope, 5, Int32($0)) },
      services: (0..<f.n_service).map { unsafe service(f.service[$0]!, Int32($0)) },
      descriptor: packWithoutComments())
  }

  /// Where a declaration stands.
  private struct Scope {
    var fullName: String
    var parents: [String]
    var path: [Int32]
    func named(_ name: String) -> String { fullName.isEmpty ? name : fullName + "." + name }
  }

  private func message(
    _ proto: UnsafeMutablePointer<MessageProto>, _ outer: Scope, _ kind: Int32, _ index: Int32,
    _ wanted: Bool
  ) throws -> Schema.MessageType {
    let m = unsafe proto.pointee
    let name = unsafe text(m.name)
    let scope = Scope(
      fullName: outer.named(name), parents: outer.parents + [name],
      path: outer.path + [kind, index])
    if wanted, unsafe m.n_extension > 0 {
      throw GenerationError(
        "\(path): \(scope.fullName)", "extensions (`extend`) are not supported; use a field instead"
      )
    }
    let fields = try unsafe (0..<m.n_field).map {
      try unsafe field(m.field[$0]!, scope, Int32($0))
    }
    // Oneofs that stand for `optional` come last and hold no field of ours.
    let used = (fields.compactMap(\.oneof).max() ?? -1) + 1
    return unsafe Schema.MessageType(
      fullName: scope.fullName, name: name, comment: comments[scope.path] ?? "", fields: fields,
      oneofs: (0..<used).map {
        unsafe Schema.Oneof(
          name: text(m.oneof_decl[$0]!.pointee.name),
          comment: comments[scope.path + [8, Int32($0)]] ?? "")
      },
      messages: try (0..<m.n_nested_type).map {
        try unsafe message(m.nested_type[$0]!, scope, 3, Int32($0), wanted)
      },
      enums: (0..<m.n_enum_type).map { unsafe enumeration(m.enum_type[$0]!, scope, 4, Int32($0)) },
      isMapEntry: m.options != nil && m.options.pointee.map_entry != 0, parents: outer.parents,
      space: space)
  }

  private func field(
    _ proto: UnsafeMutablePointer<FieldProto>, _ scope: Scope, _ index: Int32
  ) throws -> Schema.Field {
    let f = unsafe proto.pointee
    let name = unsafe text(f.name)
    let place = "\(path): \(scope.fullName).\(name)"
    let kind = try unsafe kind(of: f, at: place)
    let presence: Schema.Field.Presence
    let isMessage = if case .message = kind { true } else { false }
    switch unsafe f.label {
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED: presence = .repeated
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED: presence = .required
    default:
      let tracked = unsafe syntax == .proto2 || f.proto3_optional != 0 || isMessage
      presence = tracked ? .optional : .implicit
    }
    let inOneof = unsafe f.has_oneof_index != 0 && f.proto3_optional == 0
    let chosen = unsafe f.options.map { unsafe $0.pointee.has_packed != 0 } ?? false
    let packed = unsafe chosen ? f.options.pointee.packed != 0 : syntax == .proto3
    return unsafe Schema.Field(
      name: name, number: f.number, comment: comments[scope.path + [2, index]] ?? "", kind: kind,
      presence: presence, isPacked: presence == .repeated && kind.isPackable && packed,
      oneof: inOneof ? Int(f.oneof_index) : nil,
      defaultValue: f.default_value == nil ? nil : text(f.default_value))
  }

  private func kind(of f: FieldProto, at place: String) throws -> Schema.Field.Kind {
    // Names come as `.package.Name`.
    let name = unsafe String(text(f.type_name).dropFirst())
    switch unsafe f.type.rawValue {
    case 1: return .double
    case 2: return .float
    case 3: return .int64
    case 4: return .uint64
    case 5: return .int32
    case 6: return .fixed64
    case 7: return .fixed32
    case 8: return .bool
    case 9: return .string
    case 10:
      throw GenerationError(place, "groups are not supported; declare a message and a field of it")
    case 11: return .message(name)
    case 12: return .bytes
    case 13: return .uint32
    case 14: return .enum(name)
    case 15: return .sfixed32
    case 16: return .sfixed64
    case 17: return .sint32
    case 18: return .sint64
    case let other: throw GenerationError(place, "field type \(other) is not known")
    }
  }

  private func enumeration(
    _ proto: UnsafeMutablePointer<EnumProto>, _ outer: Scope, _ kind: Int32, _ index: Int32
  ) -> Schema.EnumType {
    let e = unsafe proto.pointee
    let name = unsafe text(e.name)
    let path = outer.path + [kind, index]
    return unsafe Schema.EnumType(
      fullName: outer.named(name), name: name, comment: comments[path] ?? "",
      values: (0..<e.n_value).map {
        let value = unsafe e.value[$0]!.pointee
        return unsafe (text(value.name), value.number, comments[path + [2, Int32($0)]] ?? "")
      },
      parents: outer.parents, space: space)
  }

  private func service(
    _ proto: UnsafeMutablePointer<ServiceProto>, _ index: Int32
  ) -> Schema.ServiceType {
    let s = unsafe proto.pointee
    let name = unsafe text(s.name)
    return unsafe Schema.ServiceType(
      fullName: package.isEmpty ? name : package + "." + name, name: name,
      comment: comments[[6, index]] ?? "",
      methods: (0..<s.n_method).map {
        let m = unsafe s.method[$0]!.pointee
        return unsafe Schema.Method(
          name: text(m.name), comment: comments[[6, index, 2, Int32($0)]] ?? "",
          input: String(text(m.input_type).dropFirst()),
          output: String(text(m.output_type).dropFirst()),
          clientStreams: m.client_streaming != 0, serverStreams: m.server_streaming != 0)
      })
  }

  private func packWithoutComments() -> [UInt8] {
    let comments = unsafe file.pointee.source_code_info
    unsafe file.pointee.source_code_info = nil
    defer { unsafe file.pointee.source_code_info = unsafe comments }
    let size = unsafe google__protobuf__file_descriptor_proto__get_packed_size(file)
    return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = unsafe google__protobuf__file_descriptor_proto__pack(file, buffer.baseAddress)
    }
  }
}

extension Schema.Field.Kind {
  /// Whether repeated values can share one length-delimited record.
  var isPackable: Bool {
    switch self {
    case .string, .bytes, .message: false
    default: true
    }
  }
}
