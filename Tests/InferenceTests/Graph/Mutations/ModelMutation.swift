import TestSupport

/// Changes models where they have meaning: names (so that values go in circles, or are given
/// twice), operators, shapes, types, attributes, sizes of data, pieces of other models.
struct ModelMutation: Sendable {
  /// Good models, as trees.
  let models: [[WireField]]
  /// Their parts by kind, to be set into others.
  private var parts: [WireKind: [[WireField]]] = [:]
  /// Their texts by kind of message and number of field.
  private var texts: [Place: [[UInt8]]] = [:]

  private struct Place: Hashable, Sendable {
    let kind: WireKind
    let number: Int
  }

  /// - Parameter seeds: a message whose field 1 is repeated: the models.
  init(_ seeds: [UInt8]) {
    models = WireTree.read(seeds[...], .list).compactMap { field in
      if case .message(_, let fields) = field.value { fields } else { nil }
    }
    for model in models { collect(model, .model) }
  }

  private mutating func collect(_ fields: [WireField], _ kind: WireKind) {
    parts[kind, default: []].append(fields)
    for field in fields {
      switch field.value {
      case .message(let kind, let inner): collect(inner, kind)
      case .bytes(let bytes) where bytes.count < 64:
        texts[Place(kind: kind, number: field.number), default: []].append(bytes)
      default: break
      }
    }
  }

  /// A broken model: changed where it has meaning and, now and then, in its bytes.
  func broken(_ random: inout SeededGenerator) -> [UInt8] {
    let bytes = model(&random)
    return Int.random(in: 0..<8, using: &random) == 0 ? Mutation.mutate(bytes, &random) : bytes
  }

  /// A model with one to four changes, as bytes.
  func model(_ random: inout SeededGenerator) -> [UInt8] {
    var model = models[Int.random(in: models.indices, using: &random)]
    let names = Self.names(model)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      var left = Int.random(in: 0..<max(1, Self.count(model)), using: &random)
      change(&model, .model, &left, names, &random)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4096)
    WireTree.write(model, to: &bytes)
    return bytes
  }

  private static func count(_ fields: [WireField]) -> Int {
    fields.reduce(0) {
      if case .message(_, let inner) = $1.value { $0 + 1 + count(inner) } else { $0 + 1 }
    }
  }

  /// The names of values that nodes read and give.
  private static func names(_ model: [WireField]) -> [[UInt8]] {
    var names: [[UInt8]] = []
    for case .message(.graph, let graph) in model.map(\.value) {
      for case .message(.node, let node) in graph.map(\.value) {
        for field in node where field.number <= 2 {
          if case .bytes(let name) = field.value { names.append(name) }
        }
      }
    }
    return names
  }

  /// Changes the field that `left` counts down to.
  private func change(
    _ fields: inout [WireField], _ kind: WireKind, _ left: inout Int, _ names: [[UInt8]],
    _ random: inout SeededGenerator
  ) {
    for index in fields.indices {
      if left == 0 {
        left = -1
        changeField(&fields, index, kind, names, &random)
        return
      }
      left -= 1
      if case .message(let inner, var children) = fields[index].value {
        fields[index].value = .varint(0)
        change(&children, inner, &left, names, &random)
        fields[index].value = .message(inner, children)
        if left < 0 { return }
      }
    }
  }

  private func changeField(
    _ fields: inout [WireField], _ index: Int, _ kind: WireKind, _ names: [[UInt8]],
    _ random: inout SeededGenerator
  ) {
    switch Int.random(in: 0..<16, using: &random) {
    case 0: fields.remove(at: index)
    case 1: fields.insert(fields[index], at: Int.random(in: 0...fields.count, using: &random))
    case 2: fields.swapAt(index, Int.random(in: fields.indices, using: &random))
    case 3:
      if case .message(.graph, let graph) = fields[index].value {
        fields[index].value = .message(.graph, withConstants(graph, &random))
      }
    default:
      switch fields[index].value {
      case .varint(let old): fields[index].value = .varint(number(old, &random))
      case .fixed(let old): fields[index].value = .fixed(floats(old, &random))
      case .packed(let old): fields[index].value = .packed(numbers(old, &random))
      case .bytes(let old):
        fields[index].value = .bytes(text(old, kind, fields[index].number, names, &random))
      case .message(let inner, _):
        if let part = parts[inner]?.randomElement(using: &random), inner != .model {
          fields[index].value = .message(inner, part)
        }
      }
    }
  }

  private static let words: [UInt64] = [
    0, 1, 2, 3, 7, 8, 127, 128, 255, 1 << 16, 1 << 31, 1 << 32, 1 << 40, 1 << 62, 1 << 63, .max,
    .max - 1, .max - 2, .max >> 1, UInt64(bitPattern: -(1 << 31)),
  ]

  private func number(_ old: UInt64, _ random: inout SeededGenerator) -> UInt64 {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: old &+ 1
    case 1: old &- 1
    case 2: UInt64.random(in: 0..<24, using: &random)
    default: Self.words[Int.random(in: Self.words.indices, using: &random)]
    }
  }

  private func numbers(_ old: [UInt64], _ random: inout SeededGenerator) -> [UInt64] {
    var new = old
    if new.isEmpty || Int.random(in: 0..<6, using: &random) == 0 {
      new.append(UInt64.random(in: 0..<4, using: &random))
    } else if Int.random(in: 0..<6, using: &random) == 0 {
      new.removeLast()
    } else {
      let index = Int.random(in: new.indices, using: &random)
      new[index] = number(new[index], &random)
    }
    return new
  }

  /// A float or double that operators stumble over, or any.
  private func floats(_ old: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    let values: [Float] = [
      0, -0.0, 1, -1, 0.5, .leastNonzeroMagnitude, 1e30, -1e30, .infinity, -.infinity, .nan, 2e9,
      65504, 3,
    ]
    let value = values[Int.random(in: values.indices, using: &random)]
    let bits =
      old.count == 4
      ? UInt64(value.bitPattern) : Double(value).bitPattern
    return old.indices.map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
  }

  private func text(
    _ old: [UInt8], _ kind: WireKind, _ number: Int, _ names: [[UInt8]],
    _ random: inout SeededGenerator
  ) -> [UInt8] {
    let isName = kind == .node && number <= 2 || kind == .value || kind == .tensor && number == 8
    if isName, let name = names.randomElement(using: &random) {
      return Int.random(in: 0..<8, using: &random) == 0 ? [] : name
    }
    if kind == .tensor, number == 9, old.count >= 8, Bool.random(using: &random) {
      // An element of a shape, of axes, of pads.
      var new = old
      let place = Int.random(in: 0..<old.count / 8, using: &random) * 8
      let word = self.number(UInt64(old[place]), &random)
      for index in 0..<8 {
        new[place + index] = UInt8(truncatingIfNeeded: word >> (8 * UInt64(index)))
      }
      return new
    }
    if old.count < 64, Int.random(in: 0..<4, using: &random) > 0,
      let other = texts[Place(kind: kind, number: number)]?.randomElement(using: &random)
    {
      return other
    }
    return Int.random(in: 0..<3, using: &random) == 0 || old.isEmpty
      ? old + [UInt8](repeating: 0, count: Int.random(in: 1...8, using: &random))
      : Mutation.mutate(old, &random)
  }

  /// The inputs of a graph as initializers of small numbers, so that its nodes are computed at
  /// load.
  private func withConstants(
    _ graph: [WireField], _ random: inout SeededGenerator
  ) -> [WireField] {
    var graph = graph
    for field in graph where field.number == 11 {
      guard case .message(_, let value) = field.value,
        let name = value.first(where: { $0.number == 1 }),
        let (type, shape) = Self.tensor(value), let size = Self.sizes[type]
      else { continue }
      let count = shape.reduce(1) { $0 &* Int(truncatingIfNeeded: $1) }
      guard count >= 0, count < 256 else { continue }
      let data = (0..<count * size).map { index in
        index % size == 0 || type == 1 ? UInt8.random(in: 0..<5, using: &random) : 0
      }
      graph.append(
        WireField(
          number: 5,
          value: .message(
            .tensor,
            [
              WireField(number: 1, value: .packed(shape)),
              WireField(number: 2, value: .varint(UInt64(type))),
              WireField(number: 8, value: name.value), WireField(number: 9, value: .bytes(data)),
            ])))
    }
    return graph
  }

  private static let sizes = [1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8]

  /// The type and sizes that a value is declared with; open ones are 2.
  private static func tensor(_ value: [WireField]) -> (type: Int, shape: [UInt64])? {
    guard case .message(_, let type)? = value.first(where: { $0.number == 2 })?.value,
      case .message(_, let tensor)? = type.first(where: { $0.number == 1 })?.value,
      case .varint(let element)? = tensor.first(where: { $0.number == 1 })?.value
    else { return nil }
    guard case .message(_, let shape)? = tensor.first(where: { $0.number == 2 })?.value else {
      return (Int(truncatingIfNeeded: element), [])
    }
    return (
      Int(truncatingIfNeeded: element),
      shape.map { dimension in
        if case .message(_, let fields) = dimension.value,
          case .varint(let size)? = fields.first(where: { $0.number == 1 })?.value
        {
          size
        } else {
          2
        }
      }
    )
  }
}
