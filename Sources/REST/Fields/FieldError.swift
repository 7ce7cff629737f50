/// What is wrong with one field of a request: its body, its query or its path.
struct FieldError: Error, Sendable, CustomStringConvertible {
  /// Where it is, such as `inputs[3].text`.
  let field: String
  /// What was expected, and what came.
  let reason: String

  init(_ field: String, _ reason: String) {
    self.field = field.isEmpty ? "body" : field
    self.reason = reason
  }

  var description: String { "\(field): \(reason)" }
}
