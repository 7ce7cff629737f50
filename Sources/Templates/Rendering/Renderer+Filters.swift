/// Filters: `value | name(arguments)`.
extension Renderer {
  mutating func apply(
    _ filter: Filter, to value: Value, _ arguments: CallArguments
  ) throws(TemplateError) -> Value {
    var arguments = arguments
    try charge(arguments.line, moving: value.size.extent)
    let result =
      switch filter {
      case .capitalize, .lower, .replace, .reverse, .safe, .string, .title, .trim, .upper:
        try applyText(filter, to: value, &arguments)
      case .first, .last, .items, .list, .join, .count, .length:
        try applyList(filter, to: value, &arguments)
      case .map, .select, .selectattr, .reject, .rejectattr:
        try applyEach(filter, to: value, &arguments)
      case .abs, .float, .int: try applyNumber(filter, to: value, &arguments)
      case .default: try usual(value, &arguments)
      case .tojson: try json(value, &arguments)
      }
    try arguments.finish()
    return result
  }

  private mutating func applyText(
    _ filter: Filter, to value: Value, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    let line = arguments.line
    if filter == .reverse, case .list(let list) = value {
      return try made(list.items.reversed(), line)
    }
    let text = try text(of: value, line)
    switch filter {
    case .capitalize: return try changed(text, line, \.capitalized)
    case .lower: return try changed(text, line, \.lowercased)
    case .upper: return try changed(text, line, \.uppercased)
    case .title: return try changed(text, line, \.titled)
    case .reverse: return try made(text.reversed(), line)
    case .replace: return try replace(in: text, &arguments)
    case .trim:
      let stripped = try strippedLetters(&arguments)
      return try made(text.trimmed { stripped?.contains($0) ?? $0.isSpace }, line)
    default: return .text(text)
    }
  }

  private mutating func applyList(
    _ filter: Filter, to value: Value, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    let line = arguments.line
    switch filter {
    case .count, .length:
      switch value {
      case .undefined: return .integer(0)
      case .text(let text): return .integer(text.count)
      case .list(let list): return .integer(list.items.count)
      case .mapping(let mapping): return .integer(mapping.entries.count)
      default: throw arguments.failure("does not take \(value.typeName): it has no length")
      }
    case .items:
      if case .undefined = value { return try made([], line) }
      guard case .mapping(let mapping) = value else {
        throw arguments.failure("takes a dict, got \(value.typeName)")
      }
      return try made(mapping.pairs, line)
    case .join:
      let separator = try arguments.take("d")
      var items = try items(of: value, line)
      if let attribute = try arguments.takeText("attribute") {
        items = try items.map { item throws(TemplateError) in
          try member(attribute, of: item, line)
        }
      }
      return try join(items, with: try text(of: separator ?? .text(Text()), line), line)
    case .first: return try items(of: value, line).first ?? .undefined("the first of nothing")
    case .last: return try items(of: value, line).last ?? .undefined("the last of nothing")
    default: return try made(try items(of: value, line), line)
    }
  }

  private func applyNumber(
    _ filter: Filter, to value: Value, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    switch filter {
    case .abs:
      if let number = value.integer, number != .min { return .integer(abs(number)) }
      guard let number = value.real else {
        throw arguments.failure("takes a number, got \(value.typeName)")
      }
      return .real(abs(number))
    case .float:
      let usual = try arguments.take("default") ?? .real(0)
      if let number = value.real { return .real(number) }
      guard case .text(let text) = value else { return usual }
      return Double(text.trimmed().string).map { .real($0) } ?? usual
    default:
      let usual = try arguments.take("default") ?? .integer(0)
      if let number = value.integer { return .integer(number) }
      if case .text(let text) = value, let number = Int(text.trimmed().string) {
        return .integer(number)
      }
      let real: Double? =
        if case .text(let text) = value { Double(text.trimmed().string) } else { value.real }
      return real.flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .integer($0) } ?? usual
    }
  }

  private func usual(
    _ value: Value, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    let usual = try arguments.take("default_value") ?? .text(Text())
    let takesFalse = try arguments.take("boolean")?.isTrue ?? false
    if case .undefined = value { return usual }
    return takesFalse && !value.isTrue ? usual : value
  }

  private mutating func json(
    _ value: Value, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    let escapes = try arguments.take("ensure_ascii")?.isTrue ?? false
    let indent = try arguments.takeInteger("indent")
    guard !escapes, indent ?? 0 >= 0, indent ?? 0 <= 16 else {
      throw arguments.failure("takes an indent from 0 to 16 and ensure_ascii=false")
    }
    let line = arguments.line
    try charge(line, moving: 4 * value.size.extent * (1 + (indent ?? 0) * value.size.height))
    guard let text = JSONText.of(value, indent: indent) else {
      throw arguments.failure("cannot write \(value.typeName), or what is in it, as JSON")
    }
    return try made(text, line)
  }
}
