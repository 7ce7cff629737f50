/// Methods of Python's strings, dicts and lists that change nothing.
enum Method: String, Sendable {
  // Of strings.
  case capitalize, count, endswith, find, join, lower, lstrip, removeprefix, removesuffix, replace
  case rfind, rsplit, rstrip, split, splitlines, startswith, strip, title, upper
  // Of dicts.
  case get, items, keys, values
  // Of lists, besides `count`.
  case index

  init?(_ name: String, of value: Value) {
    guard let method = Method(rawValue: name) else { return nil }
    let isOne =
      switch (value, method) {
      case (.mapping, .get), (.mapping, .items), (.mapping, .keys), (.mapping, .values): true
      case (.list, .index), (.list, .count): true
      case (.text, .get), (.text, .items), (.text, .keys), (.text, .values), (.text, .index): false
      case (.text, _): true
      default: false
      }
    guard isOne else { return nil }
    self = method
  }
}

extension Renderer {
  mutating func call(
    _ method: Method, of value: Value, _ arguments: CallArguments
  ) throws(TemplateError) -> Value {
    var arguments = arguments
    try charge(arguments.line, moving: value.size.extent)
    let result =
      switch value {
      case .text(let text): try call(method, of: text, &arguments)
      case .mapping(let mapping): try call(method, of: mapping, &arguments)
      case .list(let list): try call(method, of: list, &arguments)
      default: Value.none
      }
    try arguments.finish()
    return result
  }

  private mutating func call(
    _ method: Method, of mapping: Mapping, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    let line = arguments.line
    switch method {
    case .get:
      let key = try arguments.require("key")
      let found = try comparing(line) { mapping.value(of: key, &$0) }
      let usual = try arguments.take("default")
      return found ?? usual ?? .none
    case .keys: return try made(mapping.entries.map(\.key), line)
    case .values: return try made(mapping.entries.map(\.value), line)
    default: return try made(mapping.pairs, line)
    }
  }

  private mutating func call(
    _ method: Method, of list: List, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    let wanted = try arguments.require("value")
    if method == .count {
      return .integer(
        try comparing(arguments.line) { cost in list.items.count { $0.equals(wanted, &cost) } })
    }
    let index = try comparing(arguments.line) { cost in
      list.items.firstIndex { $0.equals(wanted, &cost) }
    }
    guard let index else { throw arguments.failure("does not find the value in the list") }
    return .integer(index)
  }

  private mutating func call(
    _ method: Method, of text: Text, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    let line = arguments.line
    switch method {
    case .upper: return try changed(text, line, \.uppercased)
    case .lower: return try changed(text, line, \.lowercased)
    case .title: return try changed(text, line, \.titled)
    case .capitalize: return try changed(text, line, \.capitalized)
    case .strip, .lstrip, .rstrip:
      let stripped = try strippedLetters(&arguments)
      let trimmed = text.trimmed(start: method != .rstrip, end: method != .lstrip) {
        stripped?.contains($0) ?? $0.isSpace
      }
      return try made(trimmed, line)
    case .startswith: return .boolean(try affixes(&arguments).contains { text.hasPrefix($0) })
    case .endswith: return .boolean(try affixes(&arguments).contains { text.hasSuffix($0) })
    case .removeprefix:
      let prefix = try arguments.requireText("prefix")
      return text.hasPrefix(prefix)
        ? try made(Text(text.letters[prefix.count...]), line) : .text(text)
    case .removesuffix:
      let suffix = try arguments.requireText("suffix")
      let kept = text.count - suffix.count
      return text.hasSuffix(suffix) ? try made(Text(text.letters[..<kept]), line) : .text(text)
    case .find: return .integer(text.places(of: try part(&arguments), limit: 1).first ?? -1)
    case .rfind:
      let part = try part(&arguments)
      let place = text.reversed().places(of: part.reversed(), limit: 1).first
      return .integer(place.map { text.count - $0 - part.count } ?? -1)
    case .count: return .integer(text.places(of: try part(&arguments)).count)
    case .replace: return try replace(in: text, &arguments)
    case .split, .rsplit: return try split(text, fromEnd: method == .rsplit, &arguments)
    case .splitlines:
      let keeps = try arguments.take("keepends")?.isTrue ?? false
      try charge(line, moving: 4 * text.count)
      return try made(text.splitLines(keepingEnds: keeps).map { .text($0) }, line)
    default:
      return try join(try items(of: try arguments.require("iterable"), line), with: text, line)
    }
  }

  /// A text in another case: of each letter that is a lookup and a string.
  mutating func changed(
    _ text: Text, _ line: Int, _ change: (Text) -> Text
  ) throws(TemplateError) -> Value {
    try charge(line, moving: 8 * text.count)
    return try made(change(text), line)
  }

  /// The letters that a strip or trim takes away; nil for white space.
  mutating func strippedLetters(
    _ arguments: inout CallArguments
  ) throws(TemplateError) -> Set<Letter>? {
    guard let letters = try arguments.takeText("chars")?.letters else { return nil }
    try charge(arguments.line, moving: 16 * letters.count)
    return Set(letters)
  }

  /// What is looked for, paid for.
  private mutating func part(_ arguments: inout CallArguments) throws(TemplateError) -> Text {
    let part = try arguments.requireText("sub")
    try charge(arguments.line, moving: part.count)
    return part
  }

  /// A string, or a tuple of them.
  private mutating func affixes(
    _ arguments: inout CallArguments
  ) throws(TemplateError) -> [Text] {
    let value = try arguments.require("prefix")
    try charge(arguments.line, moving: value.size.extent)
    let items = if case .list(let list) = value, list.isTuple { list.items } else { [value] }
    var texts: [Text] = []
    for item in items {
      guard case .text(let text) = item else {
        throw arguments.failure("takes a string or a tuple of them, got \(item.typeName)")
      }
      texts.append(text)
    }
    return texts
  }

  /// Bounded before it is made: many places of a short text may take a long one.
  mutating func replace(
    in text: Text, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    let old = try arguments.requireText("old")
    let new = try arguments.requireText("new")
    let limit = try arguments.takeInteger("count").map { $0 < 0 ? .max : $0 } ?? .max
    try charge(arguments.line, moving: old.count + new.count)
    let places = text.places(of: old, limit: limit).count
    let (added, overflow) = places.multipliedReportingOverflow(by: new.count)
    try checkCount(overflow ? .max : text.count + added - places * old.count, arguments.line)
    return try made(text.replacing(old, with: new, limit: limit), arguments.line)
  }

  private mutating func split(
    _ text: Text, fromEnd: Bool, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    let separator = try arguments.takeText("sep")
    let limit = try arguments.takeInteger("maxsplit").map { $0 < 0 ? .max : $0 } ?? .max
    // A part costs as much as an array of its own does.
    try charge(arguments.line, moving: 4 * text.count)
    let parts: [Text]
    if let separator {
      guard !separator.isEmpty else { throw arguments.failure("takes no empty separator") }
      parts = text.split(by: separator, limit: limit, fromEnd: fromEnd)
    } else {
      parts = text.splitWords(limit: limit, fromEnd: fromEnd)
    }
    return try made(parts.map { .text($0) }, arguments.line)
  }

  /// Texts of all values, with another between them.
  mutating func join(
    _ values: [Value], with separator: Text, _ line: Int
  ) throws(TemplateError) -> Value {
    var whole = Text()
    for (index, value) in values.enumerated() {
      let text = try text(of: value, line)
      try charge(line, moving: separator.count + text.count)
      try checkCount(whole.count + separator.count + text.count, line)
      if index > 0 { whole.append(separator) }
      whole.append(text)
    }
    return .text(whole)
  }
}

extension Mapping {
  var pairs: [Value] {
    entries.map { .list(List([$0.key, $0.value], isTuple: true)) }
  }
}
