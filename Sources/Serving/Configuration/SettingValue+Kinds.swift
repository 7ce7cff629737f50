// The kinds of settings there are. Those of one setting alone are written beside it.

extension SettingValue {
  typealias Path<Value> = any WritableKeyPath<Root, Value> & Sendable

  /// What `parse` makes of a text, kept at `path`, and `write` back to a text.
  static func parsed<Value: Sendable>(
    _ placeholder: String, _ path: Path<Value>, expected: String,
    text: @escaping @Sendable (Value) -> String?, parse: @escaping @Sendable (String) -> Value?
  ) -> Self {
    Self(placeholder, expected: expected) {
      text($0[keyPath: path])
    } write: {
      root, text throws(SettingProblem) in
      guard let value = parse(text) else { throw .unexpected }
      root[keyPath: path] = value
    }
  }

  static func count(_ path: Path<Int>, _ range: ClosedRange<Int>) -> Self {
    parsed("N", path, expected: expected(range), text: { "\($0)" }) { text in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// - Parameter unset: what nil means, in words.
  static func count(_ path: Path<Int?>, _ range: ClosedRange<Int>, unset: String) -> Self {
    var value = parsed("N", path, expected: expected(range), text: { $0.map(String.init) }) {
      text in Int(text).flatMap { range.contains($0) ? .some($0) : nil }
    }
    value.unset = unset
    return value
  }

  /// A bound that may be absent, which is written as 0.
  static func bound(_ path: Path<Int?>, atMost largest: Int) -> Self {
    parsed("N", path, expected: expected(0...largest), text: { "\($0 ?? 0)" }) { text in
      guard let count = Int(text), (0...largest).contains(count) else { return nil }
      return .some(count == 0 ? nil : count)
    }
  }

  static func size(_ path: Path<Int>, _ range: ClosedRange<Int>) -> Self {
    let expected =
      "a size from \(Quantity.text(bytes: range.lowerBound)) to "
      + Quantity.text(bytes: range.upperBound)
    return parsed("SIZE", path, expected: expected, text: { Quantity.text(bytes: $0) }) { text in
      Quantity.bytes(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  static func time(_ path: Path<Duration>, _ range: ClosedRange<Duration>) -> Self {
    parsed("TIME", path, expected: Quantity.expected(range), text: { Quantity.text($0) }) { text in
      Quantity.duration(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  static func choice<Value: Sendable>(
    _ path: Path<Value>, _ placeholder: String? = nil, _ all: [(name: String, value: Value)]
  ) -> Self where Value: Equatable {
    let names = all.map(\.name)
    let expected =
      names.dropLast().joined(separator: ", ") + (names.count > 1 ? " or " : "")
      + (names.last ?? "")
    let name: @Sendable (Value) -> String? = { value in all.first { $0.value == value }?.name }
    return parsed(
      placeholder ?? names.joined(separator: "|"), path, expected: expected, text: name
    ) { text in all.first { $0.name == text }?.value }
  }

  static func choice<Value: RawRepresentable<String> & CaseIterable & Equatable & Sendable>(
    _ path: Path<Value>
  ) -> Self {
    choice(path, nil, Value.allCases.map { ($0.rawValue, $0) })
  }

  /// Its flag takes no value.
  static func toggle(_ path: Path<Bool>) -> Self {
    Self(nil, expected: "true or false", unset: "no") {
      $0[keyPath: path] ? "true" : "false"
    } write: { root, text throws(SettingProblem) in
      guard let value = Bool(text) else { throw .unexpected }
      root[keyPath: path] = value
    }
  }

  static func text(
    _ placeholder: String, _ path: Path<String>, expected: String, unset: String? = nil
  ) -> Self {
    var value = parsed(placeholder, path, expected: expected, text: { $0 }) { text in
      text.isEmpty ? nil : text
    }
    value.unset = unset
    return value
  }

  /// - Parameter unset: what nil means, in words.
  static func text(
    _ placeholder: String, _ path: Path<String?>, expected: String, unset: String
  ) -> Self {
    var value = parsed(placeholder, path, expected: expected, text: { $0 }) { text in
      text.isEmpty ? nil : .some(text)
    }
    value.unset = unset
    return value
  }

  /// Texts with commas between, and spaces around if that is nicer.
  static func list(
    expected: String, unset: String? = nil, read: @escaping @Sendable (Root) -> [String],
    write: @escaping @Sendable (inout Root, [String]) throws(SettingProblem) -> Void
  ) -> Self {
    Self("LIST", expected: expected, isList: true, unset: unset) {
      read($0).joined(separator: ",")
    } write: { root, text throws(SettingProblem) in
      let items = text.split(separator: ",").map { item in
        let start = item.drop { $0 == " " }
        let blanks = start.reversed().prefix { $0 == " " }.count
        return String(start.dropLast(blanks))
      }
      try write(&root, items)
    }
  }

  private static func expected(_ range: ClosedRange<Int>) -> String {
    "a whole number from \(range.lowerBound) to \(range.upperBound)"
  }
}
