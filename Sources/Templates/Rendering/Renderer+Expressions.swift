/// Expressions to values.
extension Renderer {
  /// - Parameter filtered: what a chain of filters begins with that has no operand of its own.
  mutating func evaluate(
    _ expression: Expression, filtering filtered: Value? = nil
  ) throws(TemplateError) -> Value {
    let line = expression.line
    try charge(line)
    try enter(line)
    defer { leave() }
    switch expression.kind {
    case .literal(let literal): return Value(literal)
    case .name(let name):
      try charge(line, moving: 2 * scopes.count)
      return value(of: name) ?? builtin(name)
    case .list(let items, let isTuple):
      return try made(try evaluate(all: items), isTuple: isTuple, line)
    case .mapping(let pairs): return try mapping(pairs, line)
    case .unary(let operation, let operand): return try unary(operation, operand, line)
    case .binary(let operation, let left, let right):
      return try binary(operation, left, right, line)
    case .concatenation(let parts): return try concatenation(parts, line)
    case .comparison(let first, let others): return try comparison(first, others)
    case .conditional(let condition, let then, let otherwise):
      if try evaluate(condition).isTrue { return try evaluate(then) }
      return try otherwise.map { other throws(TemplateError) in try evaluate(other) }
        ?? .undefined("the missing else")
    case .attribute(let operand, let name):
      return try attribute(name, of: try evaluate(operand), line)
    case .item(let operand, let index):
      return try item(try evaluate(index), of: try evaluate(operand), line)
    case .slice(let operand, let start, let end, let step):
      return try slice(try evaluate(operand), start, end, step, line)
    case .call(let callee, let arguments): return try call(callee, arguments, line)
    case .filter(let filter, let operand, let arguments):
      let input = try operand.map { operand throws(TemplateError) in
        try evaluate(operand, filtering: filtered)
      }
      return try apply(
        filter, to: input ?? filtered ?? .undefined("the filtered block"),
        try evaluate(arguments, of: "the filter \(filter.rawValue)", line))
    case .test(let test, let operand, let arguments):
      let value = try evaluate(operand)
      return .boolean(
        try apply(test, to: value, try evaluate(arguments, of: "the test \(test.rawValue)", line)))
    }
  }

  mutating func evaluate(all expressions: [Expression]) throws(TemplateError) -> [Value] {
    var values: [Value] = []
    for expression in expressions { values.append(try evaluate(expression)) }
    return values
  }

  private mutating func mapping(
    _ pairs: [(key: Expression, value: Expression)], _ line: Int
  ) throws(TemplateError) -> Value {
    var mapping = Mapping()
    for pair in pairs {
      let key = try evaluate(pair.key)
      try put(try evaluate(pair.value), under: key, in: &mapping, line)
    }
    return try checked(.mapping(mapping), line)
  }

  mutating func put(
    _ value: Value, under key: Value, in mapping: inout Mapping, _ line: Int
  ) throws(TemplateError) {
    switch key {
    case .none, .boolean, .integer, .real, .text: break
    default: throw failure(line, "\(key.typeName) cannot be a key of a dict")
    }
    try checkData(value, line)
    try charge(line, moving: key.size.extent)
    try comparing(line) { mapping.set(key, to: value, &$0) }
  }

  private mutating func comparison(
    _ first: Expression, _ others: [(Comparison, Expression)]
  ) throws(TemplateError) -> Value {
    var left = try evaluate(first)
    for (comparison, operand) in others {
      let right = try evaluate(operand)
      guard try compare(left, comparison, right, operand.line) else { return .boolean(false) }
      left = right
    }
    return .boolean(true)
  }

  private mutating func concatenation(
    _ parts: [Expression], _ line: Int
  ) throws(TemplateError) -> Value {
    var whole = Text()
    for part in parts {
      let value = try evaluate(part)
      let text = try text(of: value, line)
      try checkCount(whole.count + text.count, line)
      whole.append(text)
    }
    return try made(whole, line)
  }
}

extension Value {
  init(_ literal: Literal) {
    switch literal {
    case .none: self = .none
    case .boolean(let flag): self = .boolean(flag)
    case .integer(let number): self = .integer(number)
    case .real(let number): self = .real(number)
    case .text(let text): self = .text(text)
    }
  }
}
