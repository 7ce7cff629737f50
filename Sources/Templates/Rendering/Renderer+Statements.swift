/// Statements in order, each writing to the output.
extension Renderer {
  /// Where to go on after a statement.
  enum Flow {
    case next
    /// With the next turn of the loop.
    case nextTurn
    case leaveLoop
  }

  @discardableResult
  mutating func run(_ body: [Statement]) throws(TemplateError) -> Flow {
    for statement in body {
      let flow = try run(statement)
      if flow != .next { return flow }
    }
    return .next
  }

  private mutating func run(_ statement: Statement) throws(TemplateError) -> Flow {
    let line = statement.line
    try charge(line)
    try enter(line)
    defer { leave() }
    switch statement.kind {
    case .data(let text): try write(text, line)
    case .print(let expression):
      let value = try evaluate(expression)
      try write(try text(of: value, line), line)
    case .branch(let branches, let otherwise):
      for branch in branches where try evaluate(branch.condition).isTrue {
        return try run(branch.body)
      }
      return try run(otherwise)
    case .loop(let loop): return try run(loop, line)
    case .assignment(let target, let expression):
      try assign(try evaluate(expression), to: target, line)
    case .capture(let target, let filters, let body):
      var value = Value.text(
        try captured { renderer throws(TemplateError) in try renderer.run(body) })
      if let filters { value = try evaluate(filters, filtering: value) }
      try assign(value, to: target, line)
    case .macro(let macro):
      guard scopes.count == 1 else {
        throw TemplateError(
          .unsupported, line, "a macro within a loop or macro is not supported; move it out")
      }
      set(macro.name, to: .function(.macro(macro)))
    case .scope(let body):
      scopes.append([:])
      defer { scopes.removeLast() }
      return try run(body)
    case .nextTurn: return .nextTurn
    case .leaveLoop: return .leaveLoop
    }
    return .next
  }

  /// What `body` writes, kept out of the output.
  mutating func captured(
    _ body: (inout Renderer) throws(TemplateError) -> Flow
  ) throws(TemplateError) -> Text {
    var held = Text()
    swap(&held, &output)
    defer { swap(&held, &output) }
    _ = try body(&self)
    return output
  }

  mutating func assign(
    _ value: Value, to target: Target, _ line: Int
  ) throws(TemplateError) {
    switch target {
    case .name(let name): set(name, to: value)
    case .attribute(let owner, let name):
      guard case .namespace(let namespace) = self.value(of: owner) else {
        throw failure(
          line, "`\(owner)` is no namespace; only attributes of a `namespace(…)` can be set")
      }
      try checkData(value, line)
      namespace.attributes[name] = value
    case .tuple(let targets):
      let items = try items(of: value, line)
      guard items.count == targets.count else {
        throw failure(line, "\(items.count) values for \(targets.count) names")
      }
      for (item, target) in zip(items, targets) { try assign(item, to: target, line) }
    }
  }

  // MARK: Loops

  private mutating func run(
    _ loop: Statement.Loop, _ line: Int
  ) throws(TemplateError) -> Flow {
    var items = try items(of: try evaluate(loop.items), line)
    if let condition = loop.condition {
      var kept: [Value] = []
      for item in items {
        try charge(line, moving: 16)
        scopes.append([:])
        defer { scopes.removeLast() }
        try assign(item, to: loop.target, line)
        if try evaluate(condition).isTrue { kept.append(item) }
      }
      items = kept
    }
    if items.isEmpty {
      scopes.append([:])
      defer { scopes.removeLast() }
      return try run(loop.otherwise)
    }
    for index in items.indices {
      // A scope and what `loop` is.
      try charge(line, moving: 48)
      scopes.append([:])
      defer { scopes.removeLast() }
      set(
        "loop",
        to: .loop(
          LoopState(
            index: index, count: items.count,
            previous: index > 0 ? items[index - 1] : .undefined("loop.previtem"),
            next: index + 1 < items.count ? items[index + 1] : .undefined("loop.nextitem"))))
      try assign(items[index], to: loop.target, line)
      if try run(loop.body) == .leaveLoop { break }
    }
    return .next
  }

  /// What a loop over a value goes through.
  mutating func items(of value: Value, _ line: Int) throws(TemplateError) -> [Value] {
    switch value {
    case .undefined: return []
    case .list(let list): return list.items
    case .mapping(let mapping):
      try charge(line, moving: 4 * mapping.entries.count)
      return mapping.entries.map(\.key)
    case .text(let text):
      try charge(line, moving: 16 * text.count)
      return text.letters.map { .text(Text([$0])) }
    default: throw failure(line, "\(value.typeName) cannot be gone through")
    }
  }
}
