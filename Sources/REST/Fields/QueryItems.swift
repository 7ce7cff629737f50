/// A request's query, read strictly.
struct QueryItems: Sendable {
  private let items: [(name: String, value: String)]

  /// - Parameter names: what may be there.
  init(_ request: HTTPRequest, allowing names: [String]) throws(FieldError) {
    guard let items = request.target.query else {
      throw FieldError("query", "is not percent-encoded UTF-8")
    }
    var seen: Set<String> = []
    for item in items {
      let name = String(item.name.prefix(100))
      guard names.contains(name) else {
        let allowed = names.isEmpty ? "none are" : "allowed are " + names.joined(separator: ", ")
        throw FieldError(name, "there is no such query parameter here; \(allowed)")
      }
      guard seen.insert(name).inserted else { throw FieldError(name, "is there twice") }
    }
    self.items = items
  }

  /// A text; an empty one counts as none.
  func text(_ name: String) -> String? {
    value(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// As it was sent.
  func value(_ name: String) -> String? { items.first { $0.name == name }?.value }

  func boolean(_ name: String) throws(FieldError) -> Bool? {
    switch value(name) {
    case nil: nil
    case "true", "1": true
    case "false", "0": false
    default: throw FieldError(name, "expected true or false")
    }
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(FieldError) -> Int? {
    guard let text = value(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw FieldError(
        name, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A time as `RFC3339.parse` reads it, or seconds since 1970.
  func time(_ name: String) throws(FieldError) -> Double? {
    guard let text = value(name) else { return nil }
    if let seconds = Double(text), RFC3339.range.contains(seconds) { return seconds }
    guard let seconds = RFC3339.parse(text) else { throw FieldError(name, RFC3339.expected) }
    return seconds
  }
}
