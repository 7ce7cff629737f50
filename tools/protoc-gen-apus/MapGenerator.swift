/// A map field: a dictionary in Swift, a list of entry messages in C.
struct MapGenerator {
  let field: FieldGenerator
  let key: Schema.Field
  let value: Schema.Field

  init(_ field: FieldGenerator, key: Schema.Field, value: Schema.Field) {
    self.field = field
    self.key = key
    self.value = value
  }

  var type: String {
    let key = FieldGenerator.element(key.kind, field.schema)
    return "[\(key): \(FieldGenerator.element(value.kind, field.schema))]"
  }

  private var entryName: String {
    guard case .message(let name) = field.field.kind else { return "" }
    return name
  }

  private var keyMember: String { CNames.fields([("key", 1), ("value", 2)])[0] }
  private var valueMember: String { CNames.fields([("key", 1), ("value", 2)])[1] }

  /// Name of the layout of the entries, which no message type stands for.
  private var layout: String { SwiftNames.unescaped(field.property) + "EntryLayout" }

  func layoutDeclaration(_ out: inout SourcePrinter) {
    out.print(
      "private static let \(layout) = unsafe MessageLayout(\(CNames.prefix(entryName))__init)")
  }

  /// The last entry of a key wins; an absent key or value is its default.
  func decode(_ out: inout SourcePrinter) {
    let schema = field.schema
    let count = "c.pointee.n_\(field.member)"
    out.print("unsafe self.\(field.property).reserveCapacity(\(count))")
    out.block("for index in 0..<(unsafe \(count))") { out in
      out.print(
        "guard let entry = unsafe c.pointee.\(field.member)[index] else { continue }")
      for (name, part, member) in [("key", key, keyMember), ("value", value, valueMember)] {
        let type = FieldGenerator.element(part.kind, schema)
        let absent = FieldGenerator.absent(part.kind, schema)
        out.print("var \(name): \(type) = \(absent)")
        let lvalue = "entry.pointee.\(member)"
        let path = "\"\(field.message.fullName).\(field.field.name)\""
        if case .message = part.kind {
          let decoded = FieldGenerator.decoded(part.kind, "message", path, schema)
          out.print("if let message = unsafe \(lvalue) { \(name) = \(decoded) }")
        } else {
          let decoded = FieldGenerator.decoded(part.kind, lvalue, path, schema)
          out.print("if unsafe entry.pointee.has_\(member) != 0 { \(name) = \(decoded) }")
        }
      }
      out.print("self.\(field.property)[key] = value")
    }
  }

  /// Entries go out in the order of their keys, so that equal messages have equal bytes.
  func encode(_ out: inout SourcePrinter) {
    let schema = field.schema
    let structure = CNames.structure(entryName)
    out.block("if !self.\(field.property).isEmpty") { out in
      out.print(
        "unsafe c.pointee.n_\(field.member) = self.\(field.property).count",
        "unsafe c.pointee.\(field.member) = arena.pointers(self.\(field.property).count)")
      let sorted = "Bridge.sorted(self.\(field.property))"
      out.block("for (index, (key, value)) in \(sorted).enumerated()") { out in
        out.print("let entry = unsafe arena.make(\(structure).self, Self.\(layout))")
        for (name, part, member) in [("key", key, keyMember), ("value", value, valueMember)] {
          if case .message = part.kind {
          } else {
            out.print("unsafe entry.pointee.has_\(member) = 1")
          }
          out.print(
            FieldGenerator.encoded(part.kind, name, to: "entry.pointee.\(member)", schema))
        }
        out.print("unsafe c.pointee.\(field.member)[index] = unsafe entry")
      }
    }
  }
}
