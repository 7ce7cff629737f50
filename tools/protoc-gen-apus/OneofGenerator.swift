/// A oneof: an enum with one case for each of its fields.
struct OneofGenerator {
  let schema: Schema
  let message: Schema.MessageType
  let oneof: Schema.Oneof
  let index: Int
  /// Name of the enum within the message.
  let type: String
  /// Its fields.
  let fields: [FieldGenerator]

  var property: String { SwiftNames.property(oneof.name) }

  func declaration(_ visibility: Options.Visibility, _ out: inout SourcePrinter) {
    out.documentation(oneof.comment, fallback: "What `\(property)` holds.")
    let indirect = fields.contains(where: \.isRecursive) ? "indirect " : ""
    out.block("\(visibility) \(indirect)enum \(type): Sendable, Equatable") { out in
      for field in fields {
        out.documentation(field.field.comment)
        out.print("case \(field.property)(\(field.element))")
      }
    }
  }

  func decode(_ out: inout SourcePrinter) {
    let name = CNames.oneof(index)
    out.print("switch unsafe c.pointee.\(name)_case.rawValue {")
    for field in fields {
      out.print("case \(field.field.number):")
      out.indented { out in
        let lvalue = "c.pointee.\(field.member)"
        if case .message = field.field.kind {
          let decoded = FieldGenerator.decoded(field.field.kind, "value", field.path, schema)
          out.block("if let value = unsafe \(lvalue)") { out in
            out.print("self.\(property) = .\(field.property)(\(decoded))")
          }
        } else {
          let decoded = FieldGenerator.decoded(field.field.kind, lvalue, field.path, schema)
          out.print("self.\(property) = .\(field.property)(\(decoded))")
        }
      }
    }
    out.print("default: break", "}")
  }

  func encode(_ out: inout SourcePrinter) {
    let name = CNames.oneof(index)
    let cases = "\(CNames.structure(message.fullName))__Oneof\(index)Case"
    out.print("switch self.\(property) {")
    for field in fields {
      out.print("case .\(field.property)(let value):")
      out.indented { out in
        out.print("unsafe c.pointee.\(name)_case = \(cases)(rawValue: \(field.field.number))")
        out.print(
          FieldGenerator.encoded(
            field.field.kind, "value", to: "c.pointee.\(field.member)", schema))
      }
    }
    out.print("case nil: break", "}")
  }
}
