/// The values of a call's arguments, taken out one by one by those who know their names.
struct CallArguments {
  /// What is called, for errors.
  let callee: String
  let line: Int
  private var positional: ArraySlice<Value>
  private var named: [(name: String, value: Value)]

  init(
    of callee: String, _ line: Int, positional: [Value] = [],
    named: [(name: String, value: Value)] = []
  ) {
    self.callee = callee
    self.line = line
    self.positional = positional[...]
    self.named = named
  }

  /// The next by place, else the one of that name.
  mutating func take(_ name: String) throws(TemplateError) -> Value? {
    let index = named.firstIndex { $0.name == name }
    if let value = positional.popFirst() {
      guard index == nil else { throw failure("gets `\(name)` twice") }
      return value
    }
    return index.map { named.remove(at: $0).value }
  }

  mutating func require(_ name: String) throws(TemplateError) -> Value {
    guard let value = try take(name) else { throw failure("needs `\(name)`") }
    return value
  }

  mutating func takeText(_ name: String) throws(TemplateError) -> Text? {
    switch try take(name) {
    case nil, .some(.none): return nil
    case .text(let text): return text
    case let other?: throw failure("takes a string for `\(name)`, got \(other.typeName)")
    }
  }

  mutating func requireText(_ name: String) throws(TemplateError) -> Text {
    guard let text = try takeText(name) else { throw failure("needs a string for `\(name)`") }
    return text
  }

  mutating func takeInteger(_ name: String) throws(TemplateError) -> Int? {
    switch try take(name) {
    case nil, .some(.none): return nil
    case let value?:
      guard let number = value.integer else {
        throw failure("takes an integer for `\(name)`, got \(value.typeName)")
      }
      return number
    }
  }

  /// All that are left, by place; none may be left by name.
  mutating func takeRest() throws(TemplateError) -> [Value] {
    let rest = Array(positional)
    positional = []
    try finish()
    return rest
  }

  /// All that are left by name.
  mutating func takeNamed() -> [(name: String, value: Value)] {
    defer { named = [] }
    return named
  }

  /// One that has no place, only a name.
  mutating func takeNamed(only name: String) -> Value? {
    named.firstIndex { $0.name == name }.map { named.remove(at: $0).value }
  }

  /// - Throws: where something was not taken.
  func finish() throws(TemplateError) {
    if let (name, _) = named.first { throw failure("takes no argument `\(name)`") }
    guard positional.isEmpty else { throw failure("gets \(positional.count) arguments too many") }
  }

  func failure(_ reason: String) -> TemplateError {
    TemplateError(.evaluation, line, "\(callee) \(reason)")
  }
}
