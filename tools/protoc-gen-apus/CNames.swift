/// Names of declarations in protobuf-c's code, which stands on the bridge schema
/// (BridgeSchema.swift).
enum CNames {
  /// `apus.v1.PredictRequest` → `Apus__V1__PredictRequest`, as protoc-gen-c does it.
  static func structure(_ fullName: String) -> String {
    fullName.split(separator: ".").map { camel(String($0)) }.joined(separator: "__")
  }

  /// `apus.v1.PredictRequest` → `apus__v1__predict_request`.
  static func prefix(_ fullName: String) -> String {
    fullName.split(separator: ".").map { lower(String($0)) }.joined(separator: "__")
  }

  /// `apus/v1/inference.proto` → `apus_v1_inference`: what a file's descriptor bytes are called.
  static func file(_ path: String) -> String {
    let stem = path.hasSuffix(".proto") ? String(path.dropLast(6)) : path
    return String(stem.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  /// Names of a message's fields: as written where that is safe in C, else with their numbers.
  static func fields(_ fields: [(name: String, number: Int32)]) -> [String] {
    let lowered = fields.map { $0.name.lowercased() }
    return fields.indices.map { index in
      let name = lowered[index]
      let unique = lowered.lazy.filter { $0 == name }.count == 1
      let safe =
        unique && !reserved.contains(name) && !name.hasPrefix("n_") && !name.hasPrefix("has_")
        && !name.hasPrefix("_") && !name.hasPrefix("oneof") && !name.hasSuffix("_case")
        && !name.contains("__")
      return safe ? name : "f\(fields[index].number)_\(name)"
    }
  }

  static func fields(of message: Schema.MessageType) -> [String] {
    fields(message.fields.map { ($0.name, $0.number) })
  }

  /// Name of a message's oneof by its place; the field with the case is called this and `_case`.
  static func oneof(_ index: Int) -> String { "oneof\(index)" }

  private static func camel(_ name: String) -> String {
    var result = ""
    var upper = true
    for character in name {
      if character == "_" {
        upper = true
      } else {
        result += upper ? character.uppercased() : String(character)
        upper = false
      }
    }
    return result
  }

  private static func lower(_ name: String) -> String {
    var result = ""
    var wasUpper = true
    for character in name {
      if character.isUppercase, !wasUpper { result += "_" }
      result += character.lowercased()
      wasUpper = character.isUppercase
    }
    return result
  }

  /// Words of C and C++, macros of the system's headers, and members that Swift cannot reach.
  private static let reserved: Set<String> = [
    "and", "and_eq", "asm", "auto", "base", "bitand", "bitor", "bool", "break", "case", "catch",
    "char", "class", "compl", "const", "const_cast", "continue", "default", "delete", "do",
    "double", "dynamic_cast", "else", "enum", "errno", "explicit", "extern", "false", "float",
    "for", "friend", "goto", "i386", "if", "import", "in", "init", "inline", "inout", "int", "is",
    "let", "linux", "long", "mutable", "namespace", "new", "nil", "not", "not_eq", "operator",
    "or", "or_eq", "pointee", "private", "protected", "protocol", "public", "register",
    "reinterpret_cast", "restrict", "return", "self", "short", "signed", "sizeof", "static",
    "static_cast", "stderr", "stdin", "stdout", "struct", "switch", "template", "this", "throw",
    "true", "try", "type", "typedef", "typeid", "typename", "union", "unix", "unsigned", "using",
    "var", "virtual", "void", "volatile", "wchar_t", "where", "while", "xor", "xor_eq",
  ]
}
