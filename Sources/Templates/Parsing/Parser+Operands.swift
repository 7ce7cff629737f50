/// Literals, and what follows an operand: attributes, items, slices, calls, filters and tests.
extension Parser {
  mutating func primary() throws(TemplateError) -> Expression {
    let token = current
    switch token.kind {
    case .name(let name):
      advance()
      switch name {
      case "true", "True": return try make(.literal(.boolean(true)), token.line)
      case "false", "False": return try make(.literal(.boolean(false)), token.line)
      case "none", "None": return try make(.literal(.none), token.line)
      default: return try make(.name(name), token.line)
      }
    case .string(var text):
      advance()
      while case .string(let more) = current.kind {
        text.append(more)
        advance()
      }
      return try make(.literal(.text(text)), token.line)
    case .integer(let number):
      advance()
      return try make(.literal(.integer(number)), token.line)
    case .real(let number):
      advance()
      return try make(.literal(.real(number)), token.line)
    case .symbol(.parenthesis):
      advance()
      let result = try tuple(mayBeEmpty: true)
      try expect(.parenthesisEnd)
      return result
    case .symbol(.bracket): return try list()
    case .symbol(.brace): return try mapping()
    default: throw unexpected("an expression")
    }
  }

  private mutating func list() throws(TemplateError) -> Expression {
    let line = advance().line
    var items: [Expression] = []
    while !isAt(.bracketEnd) {
      if !items.isEmpty { try expect(.comma) }
      if isAt(.bracketEnd) { break }
      items.append(try expression())
    }
    advance()
    return try make(.list(items, isTuple: false), line, over: items)
  }

  private mutating func mapping() throws(TemplateError) -> Expression {
    let line = advance().line
    var pairs: [(key: Expression, value: Expression)] = []
    while !isAt(.braceEnd) {
      if !pairs.isEmpty { try expect(.comma) }
      if isAt(.braceEnd) { break }
      let key = try expression()
      try expect(.colon)
      pairs.append((key, try expression()))
    }
    advance()
    return try make(.mapping(pairs), line, over: pairs.map(\.key) + pairs.map(\.value))
  }

  mutating func postfix(of first: Expression) throws(TemplateError) -> Expression {
    var result = first
    while true {
      let line = line
      switch current.kind {
      case .symbol(.dot):
        advance()
        if case .integer(let number) = current.kind {
          advance()
          let index = try make(.literal(.integer(number)), line)
          result = try make(.item(result, index), line, over: [result, index])
        } else {
          let name = try expectName("an attribute")
          result = try make(.attribute(result, name), line, over: [result])
        }
      case .symbol(.bracket): result = try subscripted(result)
      case .symbol(.parenthesis): result = try call(result)
      default: return result
      }
    }
  }

  private mutating func subscripted(_ operand: Expression) throws(TemplateError) -> Expression {
    let line = advance().line
    let start = isAt(.colon) ? nil : try expression()
    guard skip(.colon) else {
      guard let index = start else { throw unexpected("an index") }
      if isAt(.comma) { throw unsupported("an index of several parts") }
      try expect(.bracketEnd)
      return try make(.item(operand, index), line, over: [operand, index])
    }
    let end = isAt(.colon) || isAt(.bracketEnd) ? nil : try expression()
    let step = skip(.colon) && !isAt(.bracketEnd) ? try expression() : nil
    if isAt(.comma) { throw unsupported("an index of several parts") }
    try expect(.bracketEnd)
    return try make(
      .slice(operand, start: start, end: end, step: step), line, over: [operand, start, end, step])
  }

  private mutating func call(_ callee: Expression) throws(TemplateError) -> Expression {
    let line = line
    let arguments = try arguments()
    return try make(.call(callee, arguments), line, over: callee, arguments)
  }

  /// Of one call or macro; each is compared with each.
  static let mostNames = 64

  func tooMany(_ names: String) -> TemplateError {
    TemplateError(.limit, line, "at most \(Parser.mostNames) \(names) are allowed")
  }

  /// `(a, b, name=c)`
  private mutating func arguments() throws(TemplateError) -> Arguments {
    try expect(.parenthesis)
    var arguments = Arguments()
    var isFirst = true
    while !isAt(.parenthesisEnd) {
      if !isFirst { try expect(.comma) }
      if isAt(.parenthesisEnd) { break }
      isFirst = false
      if isAt(.times) || isAt(.power) { throw unsupported("an argument with `*`") }
      if case .name(let name) = current.kind, following.kind == .symbol(.assign) {
        advance()
        advance()
        guard !arguments.named.contains(where: { $0.name == name }) else {
          throw TemplateError(.syntax, line, "the argument `\(name)` is given twice")
        }
        guard arguments.named.count < Parser.mostNames else {
          throw tooMany("named arguments")
        }
        arguments.named.append((name, try expression()))
      } else {
        guard arguments.named.isEmpty else { throw unexpected("a named argument") }
        arguments.positional.append(try expression())
      }
    }
    advance()
    return arguments
  }

  // MARK: Filters and tests

  /// Filters, tests and calls that follow an operand, or only filters where there is none; nil
  /// where nothing follows nothing.
  mutating func filters(of operand: Expression?) throws(TemplateError) -> Expression? {
    var result = operand
    while true {
      let line = line
      if skip(.pipe) {
        let name = try expectName("a filter")
        guard let filter = Filter(name: name) else {
          throw TemplateError(
            .unsupported, line, "the filter `\(name)` is not supported; \(Filter.allowed) are")
        }
        let arguments = isAt(.parenthesis) ? try arguments() : Arguments()
        result = try make(.filter(filter, result, arguments), line, over: result, arguments)
      } else if let operand = result, isAt(word: "is") {
        result = try test(of: operand)
      } else if let callee = result, isAt(.parenthesis) {
        result = try call(callee)
      } else {
        return result
      }
    }
  }

  private mutating func test(of operand: Expression) throws(TemplateError) -> Expression {
    let line = advance().line
    let isNegated = skip(word: "not")
    let name = try expectName("a test")
    guard let test = ValueTest(name: name) else {
      throw TemplateError(
        .unsupported, line, "the test `\(name)` is not supported; \(ValueTest.allowed) are")
    }
    var arguments = Arguments()
    if isAt(.parenthesis) {
      arguments = try self.arguments()
    } else if startsOperand {
      if isAt(word: "is") { throw unexpected("one test") }
      arguments.positional = [try postfix(of: try primary())]
    }
    let result = try make(.test(test, operand, arguments), line, over: operand, arguments)
    return isNegated ? try make(.unary(.not, result), line, over: [result]) : result
  }

  /// Whether the operand of a test may stand here without parentheses.
  private var startsOperand: Bool {
    switch current.kind {
    case .name(let name): !["else", "or", "and"].contains(name)
    case .string, .integer, .real, .symbol(.bracket), .symbol(.brace): true
    default: false
    }
  }
}
