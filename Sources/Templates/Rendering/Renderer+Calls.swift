/// Calls of functions, macros and methods.
extension Renderer {
  mutating func evaluate(
    _ arguments: Arguments, of callee: String, _ line: Int
  ) throws(TemplateError) -> CallArguments {
    var named: [(name: String, value: Value)] = []
    let positional = try evaluate(all: arguments.positional)
    for (name, value) in arguments.named { named.append((name, try evaluate(value))) }
    return CallArguments(of: callee, line, positional: positional, named: named)
  }

  mutating func call(
    _ callee: Expression, _ arguments: Arguments, _ line: Int
  ) throws(TemplateError) -> Value {
    if case .attribute(let operand, let name) = callee.kind {
      let value = try evaluate(operand)
      let arguments = try evaluate(arguments, of: "`\(name)`", line)
      if let method = Method(name, of: value) { return try call(method, of: value, arguments) }
      if case .loop(let state) = value, name == "cycle" {
        return try cycle(state, arguments)
      }
      return try call(try attribute(name, of: value, line), name, arguments)
    }
    let name = if case .name(let name) = callee.kind { name } else { "this" }
    let function = try evaluate(callee)
    return try call(function, name, try evaluate(arguments, of: "`\(name)`", line))
  }

  private mutating func call(
    _ function: Value, _ name: String, _ arguments: CallArguments
  ) throws(TemplateError) -> Value {
    guard case .function(let function) = function else {
      let known = "functions are raise_exception, namespace, range, dict and the template's macros"
      if name == "strftime_now" {
        throw TemplateError(
          .unsupported, arguments.line,
          "`strftime_now` is not supported: the same conversation would give another prompt each "
            + "day; write the date into the system message")
      }
      throw failure(
        arguments.line, "`\(name)` cannot be called: it is \(function.typeName); \(known)")
    }
    var arguments = arguments
    switch function {
    case .raiseException:
      let message = try text(of: try arguments.require("message"), arguments.line)
      throw TemplateError(.raised, arguments.line, String(message.string.prefix(256)))
    case .namespace:
      let namespace = Namespace()
      for (name, value) in try attributes(arguments) {
        try charge(arguments.line)
        namespace.attributes[name] = value
      }
      return .namespace(namespace)
    case .dict:
      var mapping = Mapping()
      for (name, value) in try attributes(arguments) {
        try put(value, under: .text(Text(name)), in: &mapping, arguments.line)
      }
      return try checked(.mapping(mapping), arguments.line)
    case .range: return try range(&arguments)
    case .macro(let macro): return try call(macro, arguments)
    }
  }

  /// The attributes that a dict and named arguments give together.
  private mutating func attributes(
    _ arguments: CallArguments
  ) throws(TemplateError) -> [(String, Value)] {
    var arguments = arguments
    var attributes: [(String, Value)] = []
    let named = arguments.takeNamed()
    if let first = try arguments.take("mapping") {
      guard case .mapping(let mapping) = first else {
        throw arguments.failure("takes a dict, got \(first.typeName)")
      }
      for entry in mapping.entries {
        try charge(arguments.line, moving: entry.key.size.extent)
        attributes.append((try text(of: entry.key, arguments.line).string, entry.value))
      }
    }
    try arguments.finish()
    for (name, value) in named {
      try checkData(value, arguments.line)
      attributes.append((name, value))
    }
    return attributes
  }

  private mutating func range(
    _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    guard let first = try arguments.takeInteger("start") else {
      throw arguments.failure("needs an integer")
    }
    let second = try arguments.takeInteger("stop")
    let step = try arguments.takeInteger("step") ?? 1
    try arguments.finish()
    guard step != 0 else { throw arguments.failure("takes no step of 0") }
    let (start, end) = second == nil ? (0, first) : (first, second ?? 0)
    var numbers: [Value] = []
    for number in stride(from: start, to: end, by: step) {
      try charge(arguments.line)
      numbers.append(.integer(number))
    }
    return try made(numbers, arguments.line)
  }

  private func cycle(
    _ state: LoopState, _ arguments: CallArguments
  ) throws(TemplateError) -> Value {
    var arguments = arguments
    let values = try arguments.takeRest()
    guard !values.isEmpty else { throw arguments.failure("needs something to choose from") }
    return values[state.index % values.count]
  }

  /// A macro sees the template's own variables and its parameters, and gives what it writes.
  private mutating func call(
    _ macro: Macro, _ arguments: CallArguments
  ) throws(TemplateError) -> Value {
    var arguments = arguments
    // Scopes of its own, and an output.
    try charge(arguments.line, moving: 64)
    let callers = scopes
    scopes = [callers[0], [:]]
    defer { scopes = callers }
    for parameter in macro.parameters {
      var value = try arguments.take(parameter.name)
      if value == nil, let usual = parameter.usual { value = try evaluate(usual) }
      set(parameter.name, to: value ?? .undefined(parameter.name))
    }
    try arguments.finish()
    let body = macro.body
    return .text(try captured { renderer throws(TemplateError) in try renderer.run(body) })
  }

  /// What names mean that nobody has set.
  func builtin(_ name: String) -> Value {
    switch name {
    case "raise_exception": .function(.raiseException)
    case "namespace": .function(.namespace)
    case "range": .function(.range)
    case "dict": .function(.dict)
    default: .undefined(name)
    }
  }
}
