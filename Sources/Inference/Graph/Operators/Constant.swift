internal import Models

/// A value that stands in the node.
struct Constant: GraphOperator {
  let value: GraphTensor

  static let entries: [OperatorEntry] = [
    OperatorEntry("Constant") { node, builder in
      Constant(value: try tensor(node, GraphContext(budget: builder.budget)))
    }
  ]

  private static func tensor(_ node: ONNXNode, _ context: GraphContext) throws -> GraphTensor {
    if let tensor = try node.tensor("value") { return try .make(tensor, context.budget) }
    if let value = try node.float("value_float") { return try context.floats([], [value]) }
    if let values = try node.floats("value_floats") {
      return try context.floats([values.count], values)
    }
    if let value = try node.int("value_int") { return try context.int64s([], [Int(value)]) }
    if let values = try node.ints("value_ints") {
      return try context.int64s([values.count], values.map { Int($0) })
    }
    if case .string(let text)? = node.attributes["value_string"] {
      return try context.texts([], [text])
    }
    if let texts = try node.strings("value_strings") {
      return try context.texts([texts.count], texts)
    }
    throw node.problem(.unsupported, "it has no value, or a sparse one")
  }

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    .tensors(value)
  }
}

/// One value in a shape that an input gives.
struct ConstantOfShape: GraphOperator {
  let value: GraphTensor

  static let entries: [OperatorEntry] = [
    OperatorEntry("ConstantOfShape") { node, builder in
      let context = GraphContext(budget: builder.budget)
      let value = try node.tensor("value").map { try GraphTensor.make($0, builder.budget) }
      guard value.map({ $0.count == 1 }) ?? true else {
        throw node.problem(.malformed, "the value must be one number")
      }
      return ConstantOfShape(value: try value ?? context.floats([1], [0]))
    }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(value.elementType, inputs.ints(0)?.map { .fixed($0) })]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let shape = try inputs.tensor(0).ints()
    let repeated = StridedView(
      value, shape: shape, strides: Array(repeating: 0, count: shape.count))
    return .tensors(try repeated.copied(context))
  }
}
