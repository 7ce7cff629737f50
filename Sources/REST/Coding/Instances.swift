internal import JSON
internal import Messages

extension ApusV1.Instance {
  /// Reads one element of `inputs`: a text, a row of numbers, or an object that says what it is.
  init(_ value: JSONValue, at place: @autoclosure () -> String) throws(FieldError) {
    if let text = value.string {
      self.init(kind: .text(text))
    } else if value.kind == .array {
      self.init(kind: .features(try ApusV1.FeatureRow(row: value, at: place())))
    } else if value.kind == .object {
      try self.init(Fields(value, at: place()))
    } else {
      throw FieldError(
        place(),
        "expected a text, an array of numbers or an object, got \(Fields.article(value))")
    }
  }

  private static let kinds = ["text", "features", "image", "tensors"]

  private init(_ fields: Fields) throws(FieldError) {
    try fields.allowOnly(Self.kinds + ["content_type"])
    let given = Self.kinds.filter { fields.member($0) != nil }
    guard given.count == 1 else {
      throw FieldError(
        fields.path,
        "expected one of \(Self.kinds.joined(separator: ", ")); got "
          + (given.isEmpty ? "none" : given.joined(separator: " and ")))
    }
    if given != ["image"], fields.member("content_type") != nil {
      throw fields.error("content_type", "only images have one")
    }
    switch given[0] {
    case "text": self.init(kind: .text(try fields.string("text") ?? ""))
    case "features": self.init(kind: .features(try ApusV1.FeatureRow(fields)))
    case "image": self.init(kind: .image(try ApusV1.Image(fields)))
    default: self.init(kind: .tensors(try ApusV1.NamedTensors(fields)))
    }
  }
}

extension ApusV1.FeatureRow {
  /// A row of numbers without names; `null` is one that is missing.
  init(row: JSONValue, at place: @autoclosure () -> String) throws(FieldError) {
    self.init()
    guard let first = row.appendFloats(to: &values), let elements = row.elements else { return }
    for (index, element) in elements.enumerated().dropFirst(first) {
      guard let number = Self.number(element) else {
        let advice = element.string == nil ? "" : #"; texts go by name: {"features": {"name": …}}"#
        throw FieldError(
          "\(place())[\(index)]", "expected a number, got \(Fields.article(element))\(advice)")
      }
      values.append(number)
    }
  }

  private static func number(_ value: JSONValue) -> Float? {
    value.isNull ? .nan : value.number.map { Float($0) }
  }

  /// `features`: an array of numbers, or an object of numbers and texts by name.
  init(_ fields: Fields) throws(FieldError) {
    guard let member = fields.member("features") else {
      self.init()
      return
    }
    if member.kind == .array {
      try self.init(row: member, at: fields.place("features"))
      return
    }
    self.init()
    let named = try Fields(member, at: fields.place("features"))
    try member.forEachMember { (key, value) throws(FieldError) in
      let name = Fields.text(key)
      if let text = value.string {
        texts[name] = text
        return
      }
      guard let number = Self.number(value) else {
        throw named.unexpected(String(name.prefix(100)), value, "a number or a text")
      }
      names.append(name)
      values.append(number)
    }
  }
}
