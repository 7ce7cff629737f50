internal import Models

/// A value of a category: a text or a number. Numbers are equal as bits are, not numbers too.
enum Category: Hashable, Sendable {
  case text([UInt8])
  case number(Double)
  case notANumber

  init(_ value: Double) { self = value.isNaN ? .notANumber : .number(value) }

  /// `body` for each of a tensor's values, with its place.
  static func each(
    _ tensor: GraphTensor, _ context: GraphContext, _ body: (Int, Category) throws -> Void
  ) throws {
    let category = try reader(of: tensor, context)
    var work = context.watch.work
    try work.pieces(0..<tensor.count, cost: GraphContext.textCost) { piece in
      for index in piece { try body(index, category(index)) }
    }
  }

  /// A tensor's values by their places.
  static func reader(
    of tensor: GraphTensor, _ context: GraphContext
  ) throws -> (Int) -> Category {
    if tensor.elementType == .string { return { .text(tensor.strings[$0]) } }
    let numbers = try tensor.converted(to: .double, context).values(Double.self)
    return { Category(numbers[$0]) }
  }

  /// For each of a tensor's values its place: the first, or the last.
  static func places(
    _ tensor: GraphTensor, _ context: GraphContext, takesLast: Bool = false
  ) throws -> [Category: Int] {
    var places: [Category: Int] = [:]
    try each(tensor, context) { index, category in
      if takesLast || places[category] == nil { places[category] = index }
    }
    return places
  }
}

/// Values exchanged by a table; one that is not in it becomes the default.
struct LabelEncoder: GraphOperator {
  let places: [Category: Int]
  /// The last one is the default.
  let values: GraphTensor

  static let entries: [OperatorEntry] = [
    .ml("LabelEncoder") { node, builder in
      let context = GraphContext(budget: builder.budget)
      if node.version < 2 { return try old(node, context) }
      let keys = try list(node, "keys", context)
      let values = try list(node, "values", context)
      guard keys.count == values.count else {
        throw node.problem(.malformed, "keys and values differ in number")
      }
      let rest = try fallback(node, values.elementType, context)
      return try LabelEncoder(keys, values, rest, context)
    },
    .ml("CategoryMapper") { node, builder in
      try old(
        node, GraphContext(budget: builder.budget), ints: "cats_int64s", texts: "cats_strings")
    },
  ]

  private init(
    _ keys: GraphTensor, _ values: GraphTensor, _ rest: GraphTensor, _ context: GraphContext
  ) throws {
    places = try Category.places(keys, context)
    self.values = try Concat.joined(
      [GraphTensor(values, shape: [values.count]), GraphTensor(rest, shape: [1])], axis: 0,
      context)
  }

  /// Texts to integers or back, whichever comes in.
  private static func old(
    _ node: ONNXNode, _ context: GraphContext, ints: String? = nil,
    texts: String = "classes_strings"
  ) throws -> any GraphOperator {
    let names = try node.required(texts, node.strings(texts))
    let numbers = try ints.map { try node.required($0, node.ints($0)).map { Int($0) } }
    let (left, right) = (
      try context.texts([names.count], names),
      try context.int64s([names.count], numbers ?? Array(names.indices))
    )
    let number = try context.int64s([1], [Int(try node.int("default_int64", default: -1))])
    let text = try context.texts(
      [1], [Array(try node.text("default_string", default: "_Unused").utf8)])
    return CategoryMapper(
      toNumbers: try LabelEncoder(left, right, number, context),
      toTexts: try LabelEncoder(right, left, text, context))
  }

  private static func list(
    _ node: ONNXNode, _ prefix: String, _ context: GraphContext
  ) throws -> GraphTensor {
    if let tensor = try node.tensor(prefix + "_tensor") {
      return try .make(tensor, context.budget)
    }
    if let texts = try node.strings(prefix + "_strings") {
      return try context.texts([texts.count], texts)
    }
    if let ints = try node.ints(prefix + "_int64s") {
      return try context.int64s([ints.count], ints.map { Int($0) })
    }
    let floats = try node.required(prefix + "_floats", node.floats(prefix + "_floats"))
    return try context.floats([floats.count], floats)
  }

  private static func fallback(
    _ node: ONNXNode, _ type: ONNXElementType, _ context: GraphContext
  ) throws -> GraphTensor {
    if let tensor = try node.tensor("default_tensor"), tensor.elementCount == 1 {
      return try .make(tensor, context.budget)
    }
    switch type {
    case .string:
      return try context.texts(
        [1], [Array(try node.text("default_string", default: "_Unused").utf8)])
    case .float: return try context.floats([1], [try node.float("default_float", default: -0.0)])
    default:
      let number = Int(try node.int("default_int64", default: -1))
      return try context.int64s([1], [number]).converted(to: type, context)
    }
  }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(values.elementType, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let category = try Category.reader(of: x, context)
    return .tensors(
      try values.picked(x.shape, cost: GraphContext.textCost, context) {
        places[category($0)] ?? values.count - 1
      })
  }
}

struct CategoryMapper: GraphOperator {
  let toNumbers: LabelEncoder
  let toTexts: LabelEncoder

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let isText = try inputs.tensor(0).elementType == .string
    return try (isText ? toNumbers : toTexts).compute(inputs, context)
  }
}

/// For each value a row with a 1 at its category.
struct OneHotEncoder: GraphOperator {
  let places: [Category: Int]
  let width: Int
  let allowsOthers: Bool

  static let entries: [OperatorEntry] = [
    .ml("OneHotEncoder") { node, _ in
      let categories: [Category]
      if let texts = try node.strings("cats_strings"), !texts.isEmpty {
        categories = texts.map { .text($0) }
      } else {
        categories = try node.required("cats_int64s", node.ints("cats_int64s")).map {
          Category(Double($0))
        }
      }
      return OneHotEncoder(
        places: Dictionary(
          zip(categories, categories.indices), uniquingKeysWith: { first, _ in first }),
        width: categories.count, allowsOthers: try node.flag("zeros", default: true))
    }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(.float, inputs[0].shape.map { $0 + [.fixed(width)] })]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let to = try context.new(Float.self, x.shape + [width])
    // Floats count as the integers before their fraction.
    let plain = x.elementType.isFloat ? try x.converted(to: .int64, context) : x
    try Category.each(plain, context) { index, category in
      if let place = places[category] {
        to[index * width + place] = 1
      } else if !allowsOthers {
        throw GraphError("a value is in none of the categories")
      }
    }
    return .tensors(to.tensor)
  }
}

/// A map's values in the order of a vocabulary, 0 for those that it lacks.
struct DictVectorizer: GraphOperator {
  let vocabulary: [Category]

  static let entries: [OperatorEntry] = [
    .ml("DictVectorizer") { node, _ in
      if let texts = try node.strings("string_vocabulary"), !texts.isEmpty {
        return DictVectorizer(vocabulary: texts.map { .text($0) })
      }
      let ints = try node.required("int64_vocabulary", node.ints("int64_vocabulary"))
      return DictVectorizer(vocabulary: ints.map { Category(Double($0)) })
    }
  ]

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    guard case .map(let keys, let values) = try inputs.value(0) else {
      throw GraphError("its input must be a map")
    }
    let known = try Category.places(keys, context, takesLast: true)
    let zero = try Cast.converted(
      context.floats([1], [0]), values.elementType, saturates: true, context)
    let all = try Concat.joined(
      [GraphTensor(values, shape: [values.count]), zero], axis: 0, context)
    return .tensors(
      try all.picked([1, vocabulary.count], cost: GraphContext.textCost, context) {
        known[vocabulary[$0]] ?? values.count
      })
  }
}

/// Each row of scores as a map from labels.
struct ZipMap: GraphOperator {
  let labels: ClassLabels

  static let entries: [OperatorEntry] = [
    .ml("ZipMap") { node, _ in
      ZipMap(
        labels: try ClassLabels(node, ints: "classlabels_int64s", texts: "classlabels_strings"))
    }
  ]

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let columns = x.shape.last ?? 0
    guard columns == labels.count, (1...2).contains(x.rank) else {
      throw GraphError("the shape \(x.shape) has no \(labels.count) columns")
    }
    let keys = try labels.tensor(Array(0..<labels.count), context)
    let rows = try Split.pieces(
      GraphTensor(x, shape: [x.count]), axis: 0,
      Array(repeating: columns, count: x.count / max(1, columns)), context)
    return [.sequence(rows.map { .map(keys: keys, values: $0) })]
  }
}
