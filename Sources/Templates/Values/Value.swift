/// What expressions evaluate to: Python's values, as far as chat templates need them.
enum Value {
  /// What was looked up and is not there; the text names it in errors.
  case undefined(String)
  case none
  case boolean(Bool)
  case integer(Int)
  case real(Double)
  case text(Text)
  case list(List)
  case mapping(Mapping)
  case namespace(Namespace)
  /// The variable `loop`.
  indirect case loop(LoopState)
  case function(Function)
}

/// A list or tuple.
struct List {
  let items: [Value]
  let isTuple: Bool
  let size: Size

  /// - Parameter items: data only: see `Value.isData`.
  init(_ items: [Value], isTuple: Bool = false) {
    self.items = items
    self.isTuple = isTuple
    size = items.reduce(into: Size()) { $0.add($1.size) }
  }
}

/// What walking through a value costs. It is counted as values are made: one that holds another
/// twice holds it by reference, and can be larger than memory to whoever walks it.
struct Size {
  /// Letters and elements, all told.
  private(set) var extent = 1
  /// How deep lists and mappings stand within each other.
  private(set) var height = 1

  mutating func add(_ part: Size) {
    extent = min(extent + part.extent, 1 << 40)
    height = max(height, 1 + part.height)
  }

  static func flat(_ extent: Int) -> Size {
    var size = Size()
    size.extent = 1 + extent
    size.height = 0
    return size
  }
}

/// A dict: keys in the order in which they came.
struct Mapping {
  private(set) var entries: [(key: Value, value: Value)] = []
  private(set) var size = Size()

  func value(of key: Value, _ cost: inout ComparisonCost) -> Value? {
    entries.first { $0.key.equals(key, &cost) }?.value
  }

  mutating func set(_ key: Value, to value: Value, _ cost: inout ComparisonCost) {
    size.add(key.size)
    size.add(value.size)
    if let index = entries.firstIndex(where: { $0.key.equals(key, &cost) }) {
      entries[index].value = value
    } else {
      entries.append((key, value))
    }
  }
}

/// The one thing that templates can change: attributes that outlive a loop.
final class Namespace {
  var attributes: [String: Value] = [:]
}

/// Where a loop stands.
struct LoopState {
  let index: Int
  let count: Int
  let previous: Value
  let next: Value
}

/// What can be called by name.
enum Function {
  case raiseException, range, namespace, dict
  case macro(Macro)
}

extension Value {
  /// As errors name it.
  var typeName: String {
    switch self {
    case .undefined(let name): "`\(name)`, which is undefined"
    case .none: "none"
    case .boolean: "a boolean"
    case .integer: "an integer"
    case .real: "a float"
    case .text: "a string"
    case .list(let list): list.isTuple ? "a tuple" : "a list"
    case .mapping: "a dict"
    case .namespace: "a namespace"
    case .loop: "the loop"
    case .function: "a function"
    }
  }

  /// Whether lists, mappings and namespaces may hold it. Things with an identity are kept out, so
  /// that nothing can ever hold itself.
  var isData: Bool {
    switch self {
    case .namespace, .loop, .function: false
    default: true
    }
  }

  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .boolean(let flag): flag
    case .integer(let number): number != 0
    case .real(let number): number != 0
    case .text(let text): !text.isEmpty
    case .list(let list): !list.items.isEmpty
    case .mapping(let mapping): !mapping.entries.isEmpty
    case .namespace, .loop, .function: true
    }
  }

  /// A number as an integer; a boolean counts as 0 or 1.
  var integer: Int? {
    switch self {
    case .boolean(let flag): flag ? 1 : 0
    case .integer(let number): number
    default: nil
    }
  }

  var real: Double? {
    if case .real(let number) = self { number } else { integer.map(Double.init) }
  }

  var size: Size {
    switch self {
    case .text(let text): .flat(text.count)
    case .list(let list): list.size
    case .mapping(let mapping): mapping.size
    default: .flat(0)
    }
  }
}
