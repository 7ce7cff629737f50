/// Filters that look at each element, and tests.
extension Renderer {
  mutating func applyEach(
    _ filter: Filter, to value: Value, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    let line = arguments.line
    let items = try items(of: value, line)
    if filter == .map { return try map(items, &arguments) }
    let attribute =
      filter == .selectattr || filter == .rejectattr ? try arguments.requireText("attribute") : nil
    let isWanted = filter == .select || filter == .selectattr
    let test = try test(&arguments)
    let operands = try arguments.takeRest()
    var kept: [Value] = []
    for item in items {
      try charge(line)
      let looked =
        try attribute.map { name throws(TemplateError) in
          try member(name, of: item, line)
        } ?? item
      let holds: Bool
      if let test {
        holds = try apply(
          test, to: looked, CallArguments(of: arguments.callee, line, positional: operands))
      } else {
        holds = looked.isTrue
      }
      if holds == isWanted { kept.append(item) }
    }
    return try made(kept, line)
  }

  private func test(_ arguments: inout CallArguments) throws(TemplateError) -> ValueTest? {
    guard let name = try arguments.takeText("test") else { return nil }
    guard let test = ValueTest(name: name.string) else {
      throw arguments.failure(
        "does not know the test `\(name.string.prefix(64))`; \(ValueTest.allowed) are known")
    }
    return test
  }

  /// `map(attribute=…)` or `map('filter', …)`.
  private mutating func map(
    _ items: [Value], _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    let line = arguments.line
    var mapped: [Value] = []
    if let attribute = arguments.takeNamed(only: "attribute") {
      guard case .text(let name) = attribute else {
        throw arguments.failure("takes the name of an attribute, got \(attribute.typeName)")
      }
      let usual = arguments.takeNamed(only: "default")
      for item in items {
        try charge(line)
        let found = try member(name, of: item, line)
        if case .undefined = found, let usual { mapped.append(usual) } else { mapped.append(found) }
      }
    } else {
      let name = try arguments.requireText("filter")
      guard let filter = Filter(name: name.string) else {
        throw arguments.failure(
          "does not know the filter `\(name.string.prefix(64))`; \(Filter.allowed) are known")
      }
      let operands = try arguments.takeRest()
      for item in items {
        // A filter may map in its turn.
        try enter(line)
        defer { leave() }
        mapped.append(
          try apply(
            filter, to: item, CallArguments(of: arguments.callee, line, positional: operands)))
      }
    }
    return try made(mapped, line)
  }

  /// An attribute by a name that was computed; dots lead further in.
  mutating func member(
    _ name: Text, of value: Value, _ line: Int
  ) throws(TemplateError) -> Value {
    var found = value
    // A part is an array of its own.
    try charge(line, moving: 4 * name.count)
    for part in name.split(by: Text("."), limit: .max, fromEnd: false) {
      let index = Int(part.string).map { Value.integer($0) } ?? .text(part)
      found = try item(index, of: found, line)
    }
    return found
  }

  mutating func apply(
    _ test: ValueTest, to value: Value, _ arguments: CallArguments
  ) throws(TemplateError) -> Bool {
    var arguments = arguments
    let line = arguments.line
    if let comparison = test.comparison {
      let operand = try arguments.require("other")
      try arguments.finish()
      return try compare(value, comparison, operand, line)
    }
    var divisor = 2
    if test == .divisibleby { divisor = try arguments.takeInteger("num") ?? 0 }
    try arguments.finish()
    switch test {
    case .odd, .even, .divisibleby:
      guard let number = value.integer, divisor != 0 else {
        throw arguments.failure("takes whole numbers other than 0, got \(value.typeName)")
      }
      let (remainder, _) = number.remainderReportingOverflow(dividingBy: divisor)
      return (remainder == 0) == (test != .odd)
    case .lower, .upper:
      let text = try text(of: value, line)
      try charge(line, moving: text.count)
      return text.isWholly(upper: test == .upper)
    default: return value.isOf(test)
    }
  }
}

extension Value {
  /// Tests of what kind a value is.
  fileprivate func isOf(_ test: ValueTest) -> Bool {
    switch (test, self) {
    case (.defined, .undefined), (.none, .undefined): false
    case (.defined, _), (.undefined, .undefined), (.none, .none): true
    case (.boolean, .boolean), (.true, .boolean(true)), (.false, .boolean(false)): true
    case (.integer, .integer), (.float, .real), (.string, .text), (.mapping, .mapping): true
    case (.number, .integer), (.number, .real), (.number, .boolean): true
    case (.callable, .function): true
    case (.iterable, .text), (.iterable, .list), (.iterable, .mapping), (.iterable, .undefined):
      true
    case (.sequence, .text), (.sequence, .list), (.sequence, .mapping), (.sequence, .undefined):
      true
    default: false
    }
  }
}

extension Text {
  /// Whether there are cased letters, and all of them are of the one case.
  fileprivate func isWholly(upper: Bool) -> Bool {
    var found = false
    for letter in letters where letter.scalar.properties.isCased {
      let properties = letter.scalar.properties
      guard upper ? properties.isUppercase : properties.isLowercase else { return false }
      found = true
    }
    return found
  }
}
