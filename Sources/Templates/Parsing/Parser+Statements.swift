/// Statements: data, prints, and blocks with their ends.
extension Parser {
  mutating func template() throws(TemplateError) -> [Statement] {
    let (body, _) = try statements(until: [])
    return body
  }

  /// Statements up to a block that begins with one of `ends`; that word is passed, what follows it
  /// in its block is not.
  private mutating func statements(
    until ends: [String]
  ) throws(TemplateError) -> ([Statement], end: String) {
    try enter()
    defer { leave() }
    var result: [Statement] = []
    while true {
      let line = line
      switch current.kind {
      case .data(let text):
        advance()
        result.append(Statement(kind: .data(text), line: line))
      case .printBegin:
        advance()
        let expression = try tuple()
        guard current.kind == .printEnd else { throw unexpected("`}}`") }
        advance()
        result.append(Statement(kind: .print(expression), line: line))
      case .blockBegin:
        advance()
        let word = try expectName("a statement")
        if ends.contains(word) { return (result, word) }
        result.append(Statement(kind: try block(word, line), line: line))
      case .end where ends.isEmpty: return (result, "")
      case .end:
        throw TemplateError(.syntax, line, "a block is open that ends with `\(ends.last ?? "")`")
      default: throw unexpected("a statement")
      }
    }
  }

  /// The body of a block that has one end and no parts.
  private mutating func body(until end: String) throws(TemplateError) -> [Statement] {
    try expectBlockEnd()
    let (body, _) = try statements(until: [end])
    try expectBlockEnd()
    return body
  }

  private mutating func block(
    _ word: String, _ line: Int
  ) throws(TemplateError) -> Statement.Kind {
    switch word {
    case "if": return try branch()
    case "for": return try loop()
    case "set": return try assignment()
    case "macro": return try macro()
    case "generation": return .scope(try body(until: "endgeneration"))
    case "continue", "break":
      try expectBlockEnd()
      return word == "break" ? .leaveLoop : .nextTurn
    case "autoescape", "block", "call", "do", "extends", "filter", "from", "import", "include",
      "print", "trans", "with":
      throw TemplateError(
        .unsupported, line, "the statement `\(word)` is not supported; \(Parser.allowed)")
    default:
      throw TemplateError(
        .syntax, line, "`\(word)` begins no statement here; \(Parser.allowed)")
    }
  }

  private static let allowed =
    "if, for, set, macro, generation, break, continue and raw are"

  private mutating func branch() throws(TemplateError) -> Statement.Kind {
    var branches: [(condition: Expression, body: [Statement])] = []
    while true {
      let condition = try tuple(withConditional: false)
      try expectBlockEnd()
      let (body, end) = try statements(until: ["elif", "else", "endif"])
      branches.append((condition, body))
      switch end {
      case "elif": continue
      case "else": return .branch(branches, otherwise: try self.body(until: "endif"))
      default:
        try expectBlockEnd()
        return .branch(branches, otherwise: [])
      }
    }
  }

  private mutating func loop() throws(TemplateError) -> Statement.Kind {
    let target = try target(mayBeAttribute: false)
    try expect(word: "in")
    let items = try tuple(withConditional: false)
    let condition = skip(word: "if") ? try expression() : nil
    if isAt(word: "recursive") { throw unsupported("a recursive loop") }
    try expectBlockEnd()
    let (body, end) = try statements(until: ["else", "endfor"])
    var otherwise: [Statement] = []
    if end == "else" {
      otherwise = try self.body(until: "endfor")
    } else {
      try expectBlockEnd()
    }
    return .loop(
      Statement.Loop(
        target: target, items: items, condition: condition, body: body, otherwise: otherwise))
  }

  private mutating func assignment() throws(TemplateError) -> Statement.Kind {
    let target = try target(mayBeAttribute: true)
    if skip(.assign) {
      let value = try tuple()
      try expectBlockEnd()
      return .assignment(target, value)
    }
    let filters = isAt(.pipe) ? try filters(of: nil) : nil
    return .capture(target, filters: filters, try body(until: "endset"))
  }

  private mutating func macro() throws(TemplateError) -> Statement.Kind {
    let name = try expectName("the macro's name")
    try expect(.parenthesis)
    var parameters: [(name: String, usual: Expression?)] = []
    while !isAt(.parenthesisEnd) {
      if !parameters.isEmpty { try expect(.comma) }
      let parameter = try expectName("a parameter")
      let usual = skip(.assign) ? try expression() : nil
      if usual == nil, parameters.last?.usual != nil {
        throw TemplateError(
          .syntax, line,
          "the parameter `\(parameter)` needs a default, as the one before it has one")
      }
      guard parameters.count < Parser.mostNames else { throw tooMany("parameters") }
      parameters.append((parameter, usual))
    }
    advance()
    return .macro(
      Macro(name: name, parameters: parameters, body: try body(until: "endmacro")))
  }

  /// A name, an attribute of a namespace, or several with commas between them.
  private mutating func target(mayBeAttribute: Bool) throws(TemplateError) -> Target {
    var targets: [Target] = []
    var isTuple = false
    while true {
      if isTuple, isAt(word: "in") || isAt(.assign) || isAt(.parenthesisEnd) { break }
      targets.append(try simpleTarget(mayBeAttribute: mayBeAttribute))
      guard skip(.comma) else { break }
      isTuple = true
    }
    return isTuple ? .tuple(targets) : targets[0]
  }

  private mutating func simpleTarget(mayBeAttribute: Bool) throws(TemplateError) -> Target {
    if skip(.parenthesis) {
      try enter()
      defer { leave() }
      let target = try target(mayBeAttribute: mayBeAttribute)
      try expect(.parenthesisEnd)
      return target
    }
    let line = line
    let name = try expectName("a name to assign to")
    let constants: Set<String> = ["true", "True", "false", "False", "none", "None"]
    guard !constants.contains(name), name != "loop" || mayBeAttribute else {
      throw TemplateError(.syntax, line, "`\(name)` cannot be assigned to")
    }
    guard mayBeAttribute, skip(.dot) else { return .name(name) }
    return .attribute(of: name, try expectName("an attribute"))
  }
}
