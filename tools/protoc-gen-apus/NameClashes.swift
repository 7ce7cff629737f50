/// Refuses declarations whose names become one in Swift: protoc tells `Foo` from `foo` and knows
/// nothing of the clients that stand beside services.
struct NameClashes {
  private let path: String

  static func check(_ schema: Schema) throws {
    // By the enums of packages, and by the names of types in them.
    var types: [String: [String: String]] = [:]
    for file in schema.files where schema.wanted.contains(file.path) {
      let clashes = NameClashes(path: file.path)
      var taken = types[file.space] ?? [:]
      try clashes.check(declarations(file.messages, file.enums), in: "", &taken)
      for service in file.services {
        let name = SwiftNames.type(service.name)
        try clashes.check(
          [(name, "service \(service.fullName)")], in: "", &taken)
        try clashes.check(
          [(name + "Client", "the client of service \(service.fullName)")], in: "", &taken)
        try clashes.check(
          service.methods.map { (SwiftNames.property($0.name), "rpc \($0.name)") },
          in: service.fullName)
      }
      types[file.space] = taken
      for message in file.messages { try clashes.check(message) }
      for value in file.enums { try clashes.check(value) }
    }
  }

  private typealias Declaration = (swift: String, proto: String)

  private static func declarations(
    _ messages: [Schema.MessageType], _ enums: [Schema.EnumType]
  ) -> [Declaration] {
    messages.filter { !$0.isMapEntry }
      .map { (SwiftNames.type($0.name), "message \($0.fullName)") }
      + enums.map { (SwiftNames.type($0.name), "enum \($0.fullName)") }
  }

  /// Fields outside of oneofs are told apart by their numbers: see `SwiftNames.properties`.
  private func check(_ message: Schema.MessageType) throws {
    try check(NameClashes.declarations(message.messages, message.enums), in: message.fullName)
    try check(
      message.oneofs.map { (SwiftNames.property($0.name), "oneof \($0.name)") },
      in: message.fullName)
    for (index, oneof) in message.oneofs.enumerated() {
      try check(
        message.fields.filter { $0.oneof == index }
          .map { (SwiftNames.property($0.name), "field \($0.name)") },
        in: "\(message.fullName).\(oneof.name)")
    }
    for nested in message.messages where !nested.isMapEntry { try check(nested) }
    for value in message.enums { try check(value) }
  }

  private func check(_ value: Schema.EnumType) throws {
    try check(
      zip(SwiftNames.cases(of: value), value.values).map { ($0, "value \($1.name)") },
      in: value.fullName)
  }

  private func check(_ declarations: [Declaration], in scope: String) throws {
    var taken: [String: String] = [:]
    try check(declarations, in: scope, &taken)
  }

  private func check(
    _ declarations: [Declaration], in scope: String, _ taken: inout [String: String]
  ) throws {
    for (swift, proto) in declarations {
      if let other = taken.updateValue(proto, forKey: swift) {
        throw GenerationError(
          scope.isEmpty ? path : "\(path): \(scope)",
          "\(other) and \(proto) would both be `\(SwiftNames.unescaped(swift))` in Swift; rename "
            + "one of them")
      }
    }
  }
}
