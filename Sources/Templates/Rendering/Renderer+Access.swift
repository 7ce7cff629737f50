/// Attributes, items and slices. What is not there is undefined, as with Jinja; only to look into
/// the undefined is an error.
extension Renderer {
  mutating func attribute(
    _ name: String, of value: Value, _ line: Int
  ) throws(TemplateError) -> Value {
    switch value {
    case .undefined:
      throw failure(line, "`\(name)` of \(value.typeName)")
    case .namespace(let namespace):
      try charge(line, moving: name.utf8.count)
      return namespace.attributes[name] ?? .undefined(name)
    case .loop(let state): return state.attribute(name)
    default:
      if Method(name, of: value) != nil {
        throw failure(line, "`\(name)` is a method: call it, or write ['\(name)']")
      }
      guard case .mapping(let mapping) = value else { return .undefined(name) }
      try charge(line, moving: name.utf8.count)
      let key = Value.text(Text(name))
      return try comparing(line) { mapping.value(of: key, &$0) } ?? .undefined(name)
    }
  }

  mutating func item(
    _ index: Value, of value: Value, _ line: Int
  ) throws(TemplateError) -> Value {
    func place(_ count: Int) -> Int? {
      guard let index = index.integer else { return nil }
      let place = index < 0 ? index + count : index
      return (0..<count).contains(place) ? place : nil
    }
    switch value {
    case .undefined: throw failure(line, "an item of \(value.typeName)")
    case .list(let list): if let place = place(list.items.count) { return list.items[place] }
    case .text(let text):
      if let place = place(text.count) { return .text(Text([text.letters[place]])) }
    case .mapping(let mapping):
      if let found = try comparing(line, { mapping.value(of: index, &$0) }) { return found }
    case .loop, .namespace:
      if case .text(let name) = index {
        try charge(line, moving: name.count)
        return try attribute(name.string, of: value, line)
      }
    default: break
    }
    if case .text(let name) = index { return .undefined(Text(name.letters.prefix(64)).string) }
    return .undefined("an item")
  }

  mutating func slice(
    _ value: Value, _ start: Expression?, _ end: Expression?, _ step: Expression?, _ line: Int
  ) throws(TemplateError) -> Value {
    let bounds = (try bound(start), try bound(end), try bound(step) ?? 1)
    guard bounds.2 != 0 else { throw failure(line, "the step of a slice is 0") }
    switch value {
    case .undefined: throw failure(line, "a slice of \(value.typeName)")
    case .text(let text):
      return try made(Text(Renderer.slice(text.letters, bounds.0, bounds.1, bounds.2)), line)
    case .list(let list):
      return try made(
        Renderer.slice(list.items, bounds.0, bounds.1, bounds.2), isTuple: list.isTuple, line)
    default: throw failure(line, "\(value.typeName) has no slices")
    }
  }

  private mutating func bound(_ expression: Expression?) throws(TemplateError) -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression)
    if case .none = value { return nil }
    guard let number = value.integer else {
      throw failure(expression.line, "a slice takes integers, got \(value.typeName)")
    }
    return number
  }

  /// Python's slices: bounds beyond the ends are the ends, negative ones count from behind.
  private static func slice<Element>(
    _ elements: [Element], _ start: Int?, _ end: Int?, _ step: Int
  ) -> [Element] {
    let count = elements.count
    func clamp(_ bound: Int, _ range: ClosedRange<Int>) -> Int {
      min(max(bound < 0 ? bound + count : bound, range.lowerBound), range.upperBound)
    }
    var result: [Element] = []
    if step > 0 {
      var index = start.map { clamp($0, 0...count) } ?? 0
      let end = end.map { clamp($0, 0...count) } ?? count
      while index < end {
        result.append(elements[index])
        // No step need be longer than the list.
        index += min(step, count)
      }
    } else {
      var index = start.map { clamp($0, -1...count - 1) } ?? count - 1
      let end = end.map { clamp($0, -1...count - 1) } ?? -1
      while index > end {
        result.append(elements[index])
        index -= min(-max(step, -count), count)
      }
    }
    return result
  }
}

extension LoopState {
  fileprivate func attribute(_ name: String) -> Value {
    switch name {
    case "index": .integer(index + 1)
    case "index0": .integer(index)
    case "revindex": .integer(count - index)
    case "revindex0": .integer(count - index - 1)
    case "first": .boolean(index == 0)
    case "last": .boolean(index == count - 1)
    case "length": .integer(count)
    // Only recursive loops go deeper.
    case "depth": .integer(1)
    case "depth0": .integer(0)
    case "previtem": previous
    case "nextitem": next
    default: .undefined("loop.\(name)")
    }
  }
}
