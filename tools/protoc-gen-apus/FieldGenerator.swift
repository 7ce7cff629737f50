/// Types, defaults and the crossing between Swift and C of one field.
///
/// In C (see BridgeSchema.swift) texts are bytes, enums are int32, and every singular field has
/// presence.
struct FieldGenerator {
  let schema: Schema
  let message: Schema.MessageType
  let field: Schema.Field
  /// Name of the Swift property.
  let property: String
  /// Name of the C member.
  let member: String
  /// Whether the value would contain itself.
  let isRecursive: Bool

  /// `apus.v1.PredictRequest.model`, quoted, as errors name it.
  var path: String { "\"\(message.fullName).\(field.name)\"" }

  // MARK: Types

  /// Type of one value.
  static func element(_ kind: Schema.Field.Kind, _ schema: Schema) -> String {
    switch kind {
    case .double: "Double"
    case .float: "Float"
    case .int32, .sint32, .sfixed32: "Int32"
    case .int64, .sint64, .sfixed64: "Int64"
    case .uint32, .fixed32: "UInt32"
    case .uint64, .fixed64: "UInt64"
    case .bool: "Bool"
    case .string: "String"
    case .bytes: "[UInt8]"
    case .message(let name): schema.messages[name].map(SwiftNames.qualified) ?? name
    case .enum(let name): schema.enums[name].map(SwiftNames.qualified) ?? name
    }
  }

  /// Default of one value that is absent.
  static func absent(_ kind: Schema.Field.Kind, _ schema: Schema) -> String {
    switch kind {
    case .bool: "false"
    case .string: "\"\""
    case .bytes: "[]"
    case .message(let name): (schema.messages[name].map(SwiftNames.qualified) ?? name) + "()"
    case .enum(let name):
      schema.enums[name].map { "." + SwiftNames.cases(of: $0)[0] } ?? "0"
    default: "0"
    }
  }

  var element: String { Self.element(field.kind, schema) }

  /// Type of the property.
  var type: String {
    if let map = schema.mapEntry(of: field) {
      return MapGenerator(self, key: map.key, value: map.value).type
    }
    switch field.presence {
    case .repeated: return "[\(element)]"
    case .optional: return element + "?"
    case .implicit, .required: return element
    }
  }

  /// Default of the property.
  var initial: String {
    if schema.mapEntry(of: field) != nil { return "[:]" }
    switch field.presence {
    case .repeated: return "[]"
    case .optional: return "nil"
    case .implicit, .required: return Self.absent(field.kind, schema)
    }
  }

  // MARK: C → Swift

  /// An expression of the Swift value of a C member that is present.
  static func decoded(
    _ kind: Schema.Field.Kind, _ lvalue: String, _ path: String, _ schema: Schema
  ) -> String {
    switch kind {
    case .bool: "unsafe \(lvalue) != 0"
    case .string: "try unsafe Bridge.string(\(lvalue).data, \(lvalue).len, \(path))"
    case .bytes: "unsafe Bridge.bytes(\(lvalue).data, \(lvalue).len)"
    case .enum: "unsafe \(element(kind, schema))(rawValue: \(lvalue))"
    case .message: "try unsafe \(element(kind, schema))(bridging: \(lvalue))"
    default: "unsafe \(lvalue)"
    }
  }

  func decode(_ out: inout SourcePrinter) {
    if let map = schema.mapEntry(of: field) {
      return MapGenerator(self, key: map.key, value: map.value).decode(&out)
    }
    let value = "c.pointee.\(member)"
    let present = "unsafe c.pointee.has_\(member) != 0"
    let decoded = Self.decoded(field.kind, value, path, schema)
    switch (field.presence, field.kind) {
    case (.repeated, _): decodeRepeated(value, &out)
    case (.required, .message), (.optional, .message), (.implicit, .message):
      out.print("if let value = unsafe \(value) {")
      let inner = Self.decoded(field.kind, "value", path, schema)
      out.indented { $0.print("self.\(property) = \(inner)") }
      out.print(field.presence == .required ? "} else { throw Bridge.missing(\(path)) }" : "}")
    case (.required, _):
      out.print("guard \(present) else { throw Bridge.missing(\(path)) }")
      out.print("self.\(property) = \(decoded)")
    case (.optional, _):
      out.print("if \(present) { self.\(property) = \(decoded) }")
    case (.implicit, .string), (.implicit, .bytes):
      out.print("if \(present) { self.\(property) = \(decoded) }")
    case (.implicit, _):
      out.print("self.\(property) = \(decoded)")
    }
  }

  private func decodeRepeated(_ value: String, _ out: inout SourcePrinter) {
    let list = "\(value), c.pointee.n_\(member)"
    switch field.kind {
    case .string: out.print("self.\(property) = try unsafe Bridge.strings(\(list), \(path))")
    case .bytes: out.print("self.\(property) = unsafe Bridge.byteStrings(\(list))")
    case .bool: out.print("self.\(property) = unsafe Bridge.bools(\(list))")
    case .enum: out.print("self.\(property) = unsafe Bridge.enums(\(list))")
    case .message: out.print("self.\(property) = try unsafe Bridge.messages(\(list))")
    default: out.print("self.\(property) = unsafe Bridge.scalars(\(list))")
    }
  }

  // MARK: Swift → C

  /// A statement that stores a value that is to be sent; `to` is a C member.
  static func encoded(
    _ kind: Schema.Field.Kind, _ value: String, to lvalue: String, _ schema: Schema
  ) -> String {
    switch kind {
    case .bool: "unsafe \(lvalue) = \(value) ? 1 : 0"
    case .string: "unsafe arena.copy(\(value), to: &\(lvalue))"
    case .bytes: "unsafe arena.borrow(\(value), to: &\(lvalue))"
    case .enum: "unsafe \(lvalue) = \(value).rawValue"
    case .message(let name):
      "unsafe \(lvalue) = \(value).bridge(in: arena)"
        + ".assumingMemoryBound(to: \(CNames.structure(name)).self)"
    default: "unsafe \(lvalue) = \(value)"
    }
  }

  /// A condition: is the value other than what absence means?
  private var isSent: String {
    switch field.kind {
    case .bool: "self.\(property)"
    case .string, .bytes: "!self.\(property).isEmpty"
    // -0.0 equals 0 but is another value.
    case .double, .float: "self.\(property).bitPattern != 0"
    case .enum: "self.\(property).rawValue != 0"
    default: "self.\(property) != 0"
    }
  }

  func encode(_ out: inout SourcePrinter) {
    if let map = schema.mapEntry(of: field) {
      return MapGenerator(self, key: map.key, value: map.value).encode(&out)
    }
    let lvalue = "c.pointee.\(member)"
    let isMessage = if case .message = field.kind { true } else { false }
    let mark = isMessage ? [] : ["unsafe c.pointee.has_\(member) = 1"]
    func store(_ value: String) -> [String] {
      mark + [Self.encoded(field.kind, value, to: lvalue, schema)]
    }
    switch field.presence {
    case .repeated: encodeRepeated(lvalue, &out)
    case .required:
      for line in store("self.\(property)") { out.print(line) }
    case .optional:
      out.block("if let value = self.\(property)") { out in
        for line in store("value") { out.print(line) }
      }
    case .implicit:
      out.block("if \(isSent)") { out in
        for line in store("self.\(property)") { out.print(line) }
      }
    }
  }

  private func encodeRepeated(_ lvalue: String, _ out: inout SourcePrinter) {
    let target = "unsafe (c.pointee.n_\(member), \(lvalue)) ="
    switch field.kind {
    case .string: out.print("\(target) arena.strings(self.\(property))")
    case .bytes: out.print("\(target) arena.byteStrings(self.\(property))")
    case .bool: out.print("\(target) arena.bools(self.\(property))")
    case .enum: out.print("\(target) arena.enums(self.\(property))")
    case .message: out.print("\(target) arena.messages(self.\(property))")
    default: out.print("\(target) arena.scalars(self.\(property))")
    }
  }
}
