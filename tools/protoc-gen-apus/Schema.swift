/// A set of .proto files as the generators see it: names resolved, comments attached.
struct Schema {
  /// All files that protoc sent, each after those it imports.
  var files: [File] = []
  /// Paths of the files that code is wanted for.
  var wanted: [String] = []
  /// Messages by full name.
  var messages: [String: MessageType] = [:]
  /// Enums by full name.
  var enums: [String: EnumType] = [:]

  struct File {
    /// As imported, such as `apus/v1/inference.proto`.
    var path: String
    var package: String
    /// The enum that holds its types; empty without a package.
    var space: String
    var syntax: Syntax
    var dependencies: [String]
    /// In order of declaration; nested ones are listed in their parents only.
    var messages: [MessageType]
    var enums: [EnumType]
    var services: [ServiceType]
    /// The file's encoded FileDescriptorProto, without comments.
    var descriptor: [UInt8]
  }

  enum Syntax { case proto2, proto3 }

  struct MessageType {
    /// `package.Outer.Inner`.
    var fullName: String
    var name: String
    var comment: String
    var fields: [Field]
    /// Oneofs as written; those that protoc makes for `optional` are left out.
    var oneofs: [Oneof]
    var messages: [MessageType]
    var enums: [EnumType]
    var isMapEntry: Bool
    /// Messages that hold this one, outermost first.
    var parents: [String]
    /// As its file's.
    var space: String
  }

  struct Oneof {
    var name: String
    var comment: String
  }

  struct Field {
    var name: String
    var number: Int32
    var comment: String
    var kind: Kind
    var presence: Presence
    var isPacked: Bool
    /// Which of the message's oneofs it belongs to.
    var oneof: Int?
    /// What proto2 says absence means, as written.
    var defaultValue: String?

    /// Scalars by their proto names; messages and enums by their full names.
    enum Kind: Equatable {
      case double, float, int32, int64, uint32, uint64, sint32, sint64
      case fixed32, fixed64, sfixed32, sfixed64, bool, string, bytes
      case message(String)
      case `enum`(String)
    }

    enum Presence {
      /// proto3 without `optional`: the default is not sent.
      case implicit
      case optional, required, repeated
    }
  }

  struct EnumType {
    var fullName: String
    var name: String
    var comment: String
    var values: [(name: String, number: Int32, comment: String)]
    var parents: [String]
    var space: String
  }

  struct ServiceType {
    var fullName: String
    var name: String
    var comment: String
    var methods: [Method]
  }

  struct Method {
    var name: String
    var comment: String
    /// Full names of messages.
    var input: String
    var output: String
    var clientStreams: Bool
    var serverStreams: Bool
  }
}

extension Schema {
  /// The key and value of a map field; nil for any other field.
  func mapEntry(of field: Field) -> (key: Field, value: Field)? {
    guard field.presence == .repeated, case .message(let name) = field.kind,
      let entry = messages[name], entry.isMapEntry, entry.fields.count == 2
    else { return nil }
    return (entry.fields[0], entry.fields[1])
  }
}
