/// A message: a struct with its fields, initialisers and nested types.
struct MessageGenerator {
  let file: FileGenerator
  let message: Schema.MessageType
  let fields: [FieldGenerator]
  let oneofs: [OneofGenerator]

  init(_ file: FileGenerator, _ message: Schema.MessageType) {
    self.file = file
    self.message = message
    let properties = SwiftNames.properties(of: message)
    let members = CNames.fields(of: message)
    let schema = file.schema
    let fields = message.fields.indices.map { index in
      FieldGenerator(
        schema: schema, message: message, field: message.fields[index],
        property: properties[index], member: members[index],
        isRecursive: schema.contains(message, within: message.fields[index]))
    }
    self.fields = fields
    let types = SwiftNames.oneofTypes(of: message)
    oneofs = message.oneofs.indices.map { index in
      OneofGenerator(
        schema: schema, message: message, oneof: message.oneofs[index], index: index,
        type: types[index], fields: fields.filter { $0.field.oneof == index })
    }
  }

  /// A stored property: a field, or a oneof in the place of its first field.
  private enum Property {
    case field(FieldGenerator)
    case oneof(OneofGenerator)

    var name: String {
      switch self {
      case .field(let field): field.property
      case .oneof(let oneof): oneof.property
      }
    }
    var declaration: String {
      switch self {
      case .field(let field): "\(field.property): \(field.type) = \(field.initial)"
      case .oneof(let oneof): "\(oneof.property): \(oneof.type)? = nil"
      }
    }
  }

  private var properties: [Property] {
    var seen: Set<Int> = []
    return fields.compactMap { field in
      guard let index = field.field.oneof else { return .field(field) }
      return seen.insert(index).inserted ? .oneof(oneofs[index]) : nil
    }
  }

  func declaration(_ out: inout SourcePrinter) throws {
    for field in fields where field.isRecursive && field.field.presence == .required {
      throw GenerationError(
        "\(file.file.path): \(message.fullName).\(field.field.name)",
        "a message that requires one of its own kind has no end; make the field optional")
    }
    let access = file.options.visibility
    out.documentation(message.comment, fallback: "`\(message.fullName)`")
    try out.block("\(access) struct \(SwiftNames.type(message.name)): BridgedMessage") { out in
      out.print("\(access) static var messageName: String { \"\(message.fullName)\" }", "")
      for property in properties { declare(property, access, &out) }
      if !properties.isEmpty { out.print("") }
      out.print("\(access) init() {}")
      if !properties.isEmpty { memberwise(access, &out) }
      for oneof in oneofs {
        out.print("")
        oneof.declaration(access, &out)
      }
      for value in message.enums {
        out.print("")
        EnumGenerator(file, value).declaration(&out)
      }
      for nested in message.messages where !nested.isMapEntry {
        out.print("")
        try MessageGenerator(file, nested).declaration(&out)
      }
    }
  }

  private func declare(
    _ property: Property, _ access: Options.Visibility, _ out: inout SourcePrinter
  ) {
    switch property {
    case .field(let field):
      out.documentation(field.field.comment)
      if let absent = field.field.defaultValue {
        out.print("/// Absence means \(absent.isEmpty ? "an empty text" : absent).")
      }
      if field.isRecursive {
        declareBoxed(field, access, &out)
      } else {
        out.print("\(access) var \(property.declaration)")
      }
    case .oneof(let oneof):
      out.documentation(oneof.oneof.comment)
      out.print("\(access) var \(property.declaration)")
    }
  }

  /// A field that would make the struct endless keeps its value behind a reference.
  private func declareBoxed(
    _ field: FieldGenerator, _ access: Options.Visibility, _ out: inout SourcePrinter
  ) {
    let box = "_" + SwiftNames.unescaped(field.property)
    out.block("\(access) var \(field.property): \(field.type)") { out in
      out.print("get { self.\(box)?.value }")
      out.print("set { self.\(box) = newValue.map { Indirect($0) } }")
    }
    out.print("private var \(box): Indirect<\(field.element)>? = nil")
  }

  private func memberwise(_ access: Options.Visibility, _ out: inout SourcePrinter) {
    out.print("", "\(access) init(")
    let list = properties
    out.indented { out in
      for (index, property) in list.enumerated() {
        out.print(property.declaration + (index + 1 < list.count ? "," : ""))
      }
    }
    out.block(")") { out in
      for property in list { out.print("self.\(property.name) = \(property.name)") }
    }
  }
}

extension Schema {
  /// Whether a value of this field would hold a `message` without an array between them.
  fileprivate func contains(_ message: MessageType, within field: Field) -> Bool {
    var seen: Set<String> = []
    func reaches(_ field: Field) -> Bool {
      guard field.presence != .repeated, case .message(let name) = field.kind else { return false }
      if name == message.fullName { return true }
      guard seen.insert(name).inserted, let next = messages[name] else { return false }
      return next.fields.contains(where: reaches)
    }
    return reaches(field)
  }
}
