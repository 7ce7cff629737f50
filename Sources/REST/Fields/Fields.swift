internal import JSON

/// One JSON object of a request, read strictly: a member of another name or type than expected is
/// an error that says where it is. A member that is null counts as absent.
struct Fields: Sendable {
  let value: JSONValue
  /// Where the object is: empty for the whole body, `options` below.
  let path: String

  init(_ value: JSONValue, at path: String = "") throws(FieldError) {
    guard value.kind == .object else {
      throw FieldError(path, "expected an object, got \(Self.article(value))")
    }
    self.value = value
    self.path = path
  }

  /// Where a member is.
  func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  func error(_ key: String, _ reason: String) -> FieldError { FieldError(place(key), reason) }

  /// Refuses members of other names, naming the first.
  func allowOnly(_ names: [String]) throws(FieldError) {
    try value.forEachMember { (key, _) throws(FieldError) in
      let name = Fields.text(key)
      guard !names.contains(name) else { return }
      throw error(
        String(name.prefix(100)),
        "there is no such field here; allowed are \(names.joined(separator: ", "))")
    }
  }

  /// The member, if it is there and not null.
  func member(_ key: String) -> JSONValue? {
    guard let member = value[key], !member.isNull else { return nil }
    return member
  }

  // MARK: Values by type

  func string(_ key: String) throws(FieldError) -> String? {
    guard let member = member(key) else { return nil }
    guard let text = member.string else { throw unexpected(key, member, "a string") }
    return text
  }

  func requiredString(_ key: String) throws(FieldError) -> String {
    guard let text = try string(key) else { throw error(key, "is missing; expected a string") }
    guard !text.isEmpty else { throw error(key, "is empty") }
    return text
  }

  func boolean(_ key: String) throws(FieldError) -> Bool? {
    guard let member = member(key) else { return nil }
    guard let truth = member.boolean else { throw unexpected(key, member, "true or false") }
    return truth
  }

  /// A whole number; `3.0` is one too.
  func integer(_ key: String, in range: ClosedRange<Int>) throws(FieldError) -> Int? {
    guard let member = member(key) else { return nil }
    guard let number = Self.integer(member), range.contains(number) else {
      throw unexpected(
        key, member, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func number(_ key: String, in range: ClosedRange<Double>) throws(FieldError) -> Double? {
    guard let member = member(key) else { return nil }
    guard let number = member.number, range.contains(number) else {
      throw unexpected(key, member, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func object(_ key: String) throws(FieldError) -> Fields? {
    guard let member = member(key) else { return nil }
    return try Fields(member, at: place(key))
  }

  func array(_ key: String) throws(FieldError) -> JSONValue.Elements? {
    guard let member = member(key) else { return nil }
    guard let elements = member.elements else { throw unexpected(key, member, "an array") }
    return elements
  }

  func strings(_ key: String) throws(FieldError) -> [String]? {
    guard let elements = try array(key) else { return nil }
    var strings: [String] = []
    strings.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      guard let text = element.string else {
        throw error("\(key)[\(index)]", "expected a string, got \(Self.article(element))")
      }
      strings.append(text)
    }
    return strings
  }

  // MARK: Words

  /// The name of a member.
  static func text(_ key: Span<UInt8>) -> String {
    unsafe key.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
  }

  static func integer(_ value: JSONValue) -> Int? {
    value.integer ?? value.number.flatMap { Int(exactly: $0) }
  }

  func unexpected(_ key: String, _ member: JSONValue, _ expected: String) -> FieldError {
    error(key, "expected \(expected), got \(Self.article(member))")
  }

  /// What a value is, for a sentence.
  static func article(_ value: JSONValue) -> String {
    switch value.kind {
    case .null: "null"
    case .boolean: "a boolean"
    case .integer, .real: value.number.map { "the number \(spelled($0))" } ?? "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  private static func spelled(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? "\(number)"
  }
}
