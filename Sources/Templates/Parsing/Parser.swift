/// Makes statements of tokens, by recursive descent along Jinja's grammar. This file holds the
/// cursor and what bounds the descent.
struct Parser {
  private let tokens: [Token]
  private let limits: TemplateLimits
  private var place = 0
  private var nesting = 0

  static func statements(
    of source: String, _ limits: TemplateLimits
  ) throws(TemplateError) -> [Statement] {
    var parser = Parser(tokens: try Lexer.tokens(of: source, limits), limits: limits)
    return try parser.template()
  }

  private init(tokens: [Token], limits: TemplateLimits) {
    self.tokens = tokens
    self.limits = limits
  }

  // MARK: The cursor

  /// The last token is `.end`, and never passed.
  var current: Token { tokens[place] }
  var following: Token { tokens[min(place + 1, tokens.count - 1)] }
  var line: Int { current.line }

  @discardableResult
  mutating func advance() -> Token {
    defer { place = min(place + 1, tokens.count - 1) }
    return current
  }

  func isAt(_ symbol: Token.Symbol) -> Bool { current.kind == .symbol(symbol) }
  func isAt(word: String) -> Bool { current.kind == .name(word) }

  mutating func skip(_ symbol: Token.Symbol) -> Bool {
    guard isAt(symbol) else { return false }
    advance()
    return true
  }

  mutating func skip(word: String) -> Bool {
    guard isAt(word: word) else { return false }
    advance()
    return true
  }

  mutating func expect(_ symbol: Token.Symbol) throws(TemplateError) {
    guard skip(symbol) else { throw unexpected("`\(symbol.rawValue)`") }
  }

  mutating func expect(word: String) throws(TemplateError) {
    guard skip(word: word) else { throw unexpected("`\(word)`") }
  }

  mutating func expectBlockEnd() throws(TemplateError) {
    guard current.kind == .blockEnd else { throw unexpected("`%}`") }
    advance()
  }

  mutating func expectName(_ what: String) throws(TemplateError) -> String {
    guard case .name(let name) = current.kind else { throw unexpected(what) }
    advance()
    return name
  }

  // MARK: Errors and bounds

  func unexpected(_ wanted: String) -> TemplateError {
    TemplateError(.syntax, line, "\(current.shown) where \(wanted) is expected")
  }

  func unsupported(_ what: String) -> TemplateError {
    TemplateError(.unsupported, line, "\(what) is not supported")
  }

  /// Goes one level down; to be left with `leave`.
  mutating func enter() throws(TemplateError) {
    nesting += 1
    if nesting > limits.nesting { throw tooDeep }
  }

  mutating func leave() { nesting -= 1 }

  func make(
    _ kind: Expression.Kind, _ line: Int, over parts: [Expression?] = []
  ) throws(TemplateError) -> Expression {
    var height = 0
    for part in parts { height = max(height, part?.height ?? 0) }
    guard height < limits.nesting else { throw tooDeep }
    return Expression(kind: kind, line: line, height: height + 1)
  }

  func make(
    _ kind: Expression.Kind, _ line: Int, over first: Expression?, _ arguments: Arguments
  ) throws(TemplateError) -> Expression {
    try make(
      kind, line, over: [first] + arguments.positional + arguments.named.map(\.value))
  }

  private var tooDeep: TemplateError {
    TemplateError(.limit, line, "nested deeper than the \(limits.nesting) levels that are allowed")
  }
}
