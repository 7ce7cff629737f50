/// Expressions, from what binds least to what binds most:
///
///     conditional ::= or { "if" or [ "else" conditional ] }
///     or          ::= and { "or" and }            and    ::= not { "and" not }
///     not         ::= "not" not | comparison
///     comparison  ::= sum { ( "==" | … | "in" | "not" "in" ) sum }
///     sum         ::= concatenation { ( "+" | "-" ) concatenation }
///     concatenation ::= product { "~" product }
///     product     ::= unary { ( "*" | "/" | "//" | "%" ) unary }
///     unary       ::= ( "-" | "+" ) unary | primary { postfix } { filter | test | call }
extension Parser {
  mutating func expression(withConditional: Bool = true) throws(TemplateError) -> Expression {
    try enter()
    defer { leave() }
    return withConditional ? try conditional() : try disjunction()
  }

  /// One expression, or several with commas between them.
  mutating func tuple(
    withConditional: Bool = true, mayBeEmpty: Bool = false
  ) throws(TemplateError) -> Expression {
    let line = line
    var items: [Expression] = []
    var isTuple = mayBeEmpty
    while !isAtTupleEnd {
      items.append(try expression(withConditional: withConditional))
      isTuple = skip(.comma)
      if !isTuple { break }
    }
    if items.isEmpty, !mayBeEmpty { throw unexpected("an expression") }
    if !isTuple, items.count == 1 { return items[0] }
    return try make(.list(items, isTuple: true), line, over: items)
  }

  private var isAtTupleEnd: Bool {
    switch current.kind {
    case .blockEnd, .printEnd, .end, .symbol(.parenthesisEnd): true
    default: false
    }
  }

  private mutating func conditional() throws(TemplateError) -> Expression {
    var result = try disjunction()
    while isAt(word: "if") {
      let line = advance().line
      let condition = try disjunction()
      let otherwise = skip(word: "else") ? try expression() : nil
      result = try make(
        .conditional(condition: condition, then: result, otherwise: otherwise), line,
        over: [condition, result, otherwise])
    }
    return result
  }

  private mutating func disjunction() throws(TemplateError) -> Expression {
    var left = try conjunction()
    while isAt(word: "or") {
      let line = advance().line
      let right = try conjunction()
      left = try make(.binary(.or, left, right), line, over: [left, right])
    }
    return left
  }

  private mutating func conjunction() throws(TemplateError) -> Expression {
    var left = try negation()
    while isAt(word: "and") {
      let line = advance().line
      let right = try negation()
      left = try make(.binary(.and, left, right), line, over: [left, right])
    }
    return left
  }

  private mutating func negation() throws(TemplateError) -> Expression {
    var lines: [Int] = []
    while isAt(word: "not") { lines.append(advance().line) }
    var result = try comparison()
    for line in lines.reversed() { result = try make(.unary(.not, result), line, over: [result]) }
    return result
  }

  private mutating func comparison() throws(TemplateError) -> Expression {
    let line = line
    let first = try sum()
    var others: [(Comparison, Expression)] = []
    while let comparison = skipComparison() { others.append((comparison, try sum())) }
    if others.isEmpty { return first }
    return try make(.comparison(first, others), line, over: [first] + others.map(\.1))
  }

  private mutating func skipComparison() -> Comparison? {
    switch current.kind {
    case .symbol(let symbol):
      guard let comparison = Comparison(rawValue: symbol.rawValue) else { return nil }
      advance()
      return comparison
    case .name("in"):
      advance()
      return .isIn
    case .name("not") where following.kind == .name("in"):
      advance()
      advance()
      return .isNotIn
    default: return nil
    }
  }

  private mutating func sum() throws(TemplateError) -> Expression {
    var left = try concatenation()
    while isAt(.plus) || isAt(.minus) {
      let isPlus = isAt(.plus)
      let line = advance().line
      let right = try concatenation()
      left = try make(.binary(isPlus ? .plus : .minus, left, right), line, over: [left, right])
    }
    return left
  }

  private mutating func concatenation() throws(TemplateError) -> Expression {
    let line = line
    var parts = [try product()]
    while skip(.tilde) { parts.append(try product()) }
    return parts.count == 1 ? parts[0] : try make(.concatenation(parts), line, over: parts)
  }

  private mutating func product() throws(TemplateError) -> Expression {
    var left = try unary()
    while case .symbol(let symbol) = current.kind {
      if symbol == .power { throw unsupported("the operator `**`") }
      guard [.times, .division, .wholeDivision, .modulo].contains(symbol),
        let operation = BinaryOperator(rawValue: symbol.rawValue)
      else { break }
      let line = advance().line
      let right = try unary()
      left = try make(.binary(operation, left, right), line, over: [left, right])
    }
    return left
  }

  /// A sign binds more than a filter, but less than an attribute.
  private mutating func unary() throws(TemplateError) -> Expression {
    var signs: [(UnaryOperator, Int)] = []
    while isAt(.minus) || isAt(.plus) {
      let sign: UnaryOperator = isAt(.minus) ? .minus : .plus
      signs.append((sign, advance().line))
    }
    var result = try postfix(of: try primary())
    for (sign, line) in signs.reversed() {
      result = try make(.unary(sign, result), line, over: [result])
    }
    return try filters(of: result) ?? result
  }
}
