/// Names of .proto declarations in Swift.
///
/// `apus.v1.PredictRequest.max_tokens` is `ApusV1.PredictRequest.maxTokens`. Names that Swift or
/// the generated code itself needs get a trailing underscore.
enum SwiftNames {
  /// The enum that holds a package's types: `apus.v1` → `ApusV1`; empty without a package. A file
  /// may call it otherwise by `option swift_prefix`.
  static func namespace(_ package: String) -> String {
    package.split(separator: ".").map { upperCamel(String($0)) }.joined()
  }

  static func isIdentifier(_ text: String) -> Bool {
    let letters = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    return letters && text.first?.isNumber == false
  }

  /// Name of a message or enum within its parent.
  static func type(_ name: String) -> String {
    let camel = upperCamel(name)
    return reservedTypes.contains(camel) ? camel + "_" : camel
  }

  /// Full name from the module's top level.
  static func qualified(space: String, parents: [String], name: String) -> String {
    ((space.isEmpty ? [] : [space]) + parents.map(type) + [type(name)]).joined(separator: ".")
  }

  static func qualified(_ message: Schema.MessageType) -> String {
    qualified(space: message.space, parents: message.parents, name: message.name)
  }

  static func qualified(_ value: Schema.EnumType) -> String {
    qualified(space: value.space, parents: value.parents, name: value.name)
  }

  /// Properties of a message's fields, by place; fields whose names differ only in style are told
  /// apart by their numbers.
  static func properties(of message: Schema.MessageType) -> [String] {
    var taken = Set(message.oneofs.map { property($0.name) })
    return message.fields.map { field in
      var name = property(field.name)
      if field.oneof == nil, !taken.insert(name).inserted {
        name = "\(unescaped(name))_\(field.number)"
        taken.insert(name)
      }
      return name
    }
  }

  /// Enums of a message's oneofs, by place.
  static func oneofTypes(of message: Schema.MessageType) -> [String] {
    var taken = Set((message.messages.map(\.name) + message.enums.map(\.name)).map(type))
    return message.oneofs.map { oneof in
      var name = type(oneof.name)
      if taken.contains(name) { name += "Oneof" }
      taken.insert(name)
      return name
    }
  }

  /// Cases of an enum, by place: without the enum's name in front where that leaves them distinct.
  static func cases(of value: Schema.EnumType) -> [String] {
    let prefix = upperSnake(value.name) + "_"
    let short = value.values.map { entry -> String in
      guard entry.name.hasPrefix(prefix) else { return entry.name }
      let rest = entry.name.dropFirst(prefix.count)
      return rest.first?.isNumber == false ? String(rest) : entry.name
    }.map(property)
    let names = Set(short).count == short.count ? short : value.values.map { property($0.name) }
    return names.map { $0 == "unrecognized" ? "unrecognized_" : $0 }
  }

  /// `max_tokens` → `maxTokens`, `request_id` → `requestID`; escaped where Swift needs it.
  static func property(_ name: String) -> String {
    let words = name.split(separator: "_").map(String.init)
    var result = ""
    for (index, word) in words.enumerated() {
      let plain = word.contains(where: \.isLowercase) ? word : word.lowercased()
      if index == 0 {
        result += plain.prefix(1).lowercased() + plain.dropFirst()
      } else if initialisms.contains(plain) {
        result += plain.uppercased()
      } else {
        result += plain.prefix(1).uppercased() + plain.dropFirst()
      }
    }
    if result.isEmpty { result = "_" + name }
    if result.first?.isNumber == true { result = "_" + result }
    if reservedProperties.contains(result) { return result + "_" }
    return keywords.contains(result) ? "`\(result)`" : result
  }

  static func unescaped(_ name: String) -> String {
    String(name.filter { $0 != "`" })
  }

  static func upperCamel(_ name: String) -> String {
    name.split(separator: "_").map { word in
      let plain = word.contains(where: \.isLowercase) ? String(word) : capitalised(String(word))
      return plain.prefix(1).uppercased() + plain.dropFirst()
    }.joined()
  }

  /// `FOO` → `Foo`, but a short name such as `OK` or `V1` stays.
  private static func capitalised(_ word: String) -> String {
    word.count <= 2 ? word : word.prefix(1) + word.dropFirst().lowercased()
  }

  /// `FinishReason` → `FINISH_REASON`.
  static func upperSnake(_ name: String) -> String {
    var result = ""
    var previousLower = false
    for character in name {
      if character.isUppercase, previousLower { result += "_" }
      result += character.uppercased()
      previousLower = character.isLowercase || character.isNumber
    }
    return result
  }

  private static let initialisms: Set<String> = ["id", "url", "http", "https"]

  /// Names that the generated code mentions, and those that no type can have.
  private static let reservedTypes: Set<String> = [
    "Any", "AnyObject", "Array", "Bool", "Bridge", "BridgeArena", "BridgedMessage", "CallContext",
    "CallOptions", "ClientTransport", "DecodingError", "Dictionary", "Double", "Equatable",
    "FileDescriptor", "Float", "Indirect", "Int", "Int32", "Int64", "MessageLayout",
    "MethodHandler", "OpenEnum", "Optional", "Protocol", "RequestStream", "ResponseWriter", "Self",
    "Sendable", "Service", "Set", "String", "Type", "UInt32", "UInt64", "UInt8",
    "UnsafeMutableRawPointer", "UnsafeRawPointer",
  ]

  private static let reservedProperties: Set<String> = [
    "Protocol", "Type", "bridge", "encode", "init", "none", "self", "Self", "some",
  ]

  private static let keywords: Set<String> = [
    "Any", "as", "associatedtype", "break", "case", "catch", "class", "continue", "default",
    "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate",
    "for", "func", "guard", "if", "import", "in", "inout", "internal", "is", "let", "nil",
    "operator", "precedencegroup", "private", "protocol", "public", "repeat", "rethrows", "return",
    "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try",
    "typealias", "var", "where", "while",
  ]
}
