/// Renders one template once: the state of a rendering, and what bounds it.
///
/// Statements and expressions are in the extensions. Names are looked up in scopes, from the
/// innermost out: a turn of a loop and a call of a macro have one each, as with Jinja; branches
/// have none.
struct Renderer {
  let limits: TemplateLimits
  var output = Text()
  /// The first is the template's own.
  var scopes: [[String: Value]]
  private(set) var steps = 0
  /// At so many steps it is seen whether they are too many, or the prompt not wanted any more.
  private var nextLook = 0
  private let isWanted: @Sendable () -> Bool
  private var recursion = 0

  init(_ limits: TemplateLimits, while isWanted: @escaping @Sendable () -> Bool) {
    self.limits = limits
    self.isWanted = isWanted
    scopes = [[:]]
  }

  func value(of name: String) -> Value? {
    for scope in scopes.reversed() {
      if let value = scope[name] { return value }
    }
    return nil
  }

  mutating func set(_ name: String, to value: Value) {
    scopes[scopes.count - 1][name] = value
  }

  // MARK: Bounds

  /// Pays for a step, and for so many letters or elements moved.
  mutating func charge(_ line: Int, moving count: Int = 0) throws(TemplateError) {
    steps += 1 + count / 16
    if steps > nextLook { try look(line) }
  }

  private mutating func look(_ line: Int) throws(TemplateError) {
    guard steps <= limits.steps else {
      throw TemplateError(
        .limit, line, "rendering takes more than the \(limits.steps) steps that are allowed")
    }
    guard isWanted() else {
      throw TemplateError(.cancelled, line, "the prompt is not wanted any more")
    }
    nextLook = min(limits.steps, steps + 4096)
  }

  /// Compares, and pays for every letter and element that was looked at.
  mutating func comparing<Result>(
    _ line: Int, _ compare: (inout ComparisonCost) -> Result
  ) throws(TemplateError) -> Result {
    var cost = ComparisonCost(allowance: 16 * (limits.steps - steps))
    let result = compare(&cost)
    try charge(line, moving: cost.spent)
    return result
  }

  /// Goes one level down; to be left with `leave`.
  mutating func enter(_ line: Int) throws(TemplateError) {
    recursion += 1
    guard recursion <= limits.recursion else {
      throw TemplateError(
        .limit, line, "evaluation goes deeper than the \(limits.recursion) levels that are allowed")
    }
  }

  mutating func leave() { recursion -= 1 }

  mutating func write(_ text: Text, _ line: Int) throws(TemplateError) {
    try checkCount(output.count + text.count, line)
    try charge(line, moving: text.count)
    output.append(text)
  }

  func checkCount(_ count: Int, _ line: Int) throws(TemplateError) {
    guard count <= limits.characters else {
      throw TemplateError(
        .limit, line, "a text is longer than the \(limits.characters) characters that are allowed")
    }
  }

  /// A text on the way, paid for.
  mutating func made(_ text: Text, _ line: Int) throws(TemplateError) -> Value {
    try checkCount(text.count, line)
    try charge(line, moving: text.count)
    return .text(text)
  }

  /// A list, paid for.
  mutating func made(
    _ items: [Value], isTuple: Bool = false, _ line: Int
  ) throws(TemplateError) -> Value {
    for item in items { try checkData(item, line) }
    try charge(line, moving: 4 * items.count)
    return try checked(.list(List(items, isTuple: isTuple)), line)
  }

  /// A list or mapping, of which the deepest are refused.
  func checked(_ value: Value, _ line: Int) throws(TemplateError) -> Value {
    guard value.size.height <= limits.nesting else {
      throw TemplateError(
        .limit, line,
        "lists and dicts stand more than \(limits.nesting) deep within each other")
    }
    return value
  }

  func checkData(_ value: Value, _ line: Int) throws(TemplateError) {
    guard value.isData else {
      throw TemplateError(
        .unsupported, line, "\(value.typeName) within a list, dict or namespace is not supported")
    }
  }

  // MARK: Texts of values

  /// As `{{ … }}` writes it.
  mutating func text(of value: Value, _ line: Int) throws(TemplateError) -> Text {
    if case .text(let text) = value { return text }
    try charge(line, moving: 4 * value.size.extent)
    guard let text = value.text else {
      throw failure(line, "\(value.typeName) has no text")
    }
    return text
  }

  func failure(_ line: Int, _ reason: String) -> TemplateError {
    TemplateError(.evaluation, line, reason)
  }
}
