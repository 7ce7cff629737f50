internal import Models

/// Features moved and stretched: (x − offset) · scale.
struct Scaler: GraphOperator {
  let offset: [Float]
  let scale: [Float]

  static let entries: [OperatorEntry] = [
    .ml("Scaler") { node, _ in
      Scaler(offset: try node.floats("offset") ?? [0], scale: try node.floats("scale") ?? [1])
    }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] { [GraphFact(.float, inputs[0].shape)] }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0).converted(to: .float, context)
    let columns = x.shape.last ?? 1
    guard [1, columns].contains(offset.count), [1, columns].contains(scale.count) else {
      throw GraphError("\(columns) features; \(max(offset.count, scale.count)) are expected")
    }
    let from = x.values(Float.self)
    return .tensors(
      try context.tensor(.float, x.shape) { index in
        let column = index % columns
        let shifted = from[index] - offset[offset.count == 1 ? 0 : column]
        return shifted * scale[scale.count == 1 ? 0 : column]
      })
  }
}

/// Each row divided by its largest number, its sum or its length.
struct Normalizer: GraphOperator {
  enum Kind: String, Sendable {
    case max = "MAX"
    case sum = "L1"
    case length = "L2"
  }
  let kind: Kind

  static let entries: [OperatorEntry] = [
    .ml("Normalizer") { node, _ in
      let name = try node.text("norm", default: "MAX")
      guard let kind = Kind(rawValue: name) else {
        throw node.problem(.malformed, "there is no norm \(ONNXProblem.shown(name))")
      }
      return Normalizer(kind: kind)
    }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] { [GraphFact(.float, inputs[0].shape)] }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0).converted(to: .float, context)
    let columns = x.shape.last ?? 1
    let (from, to) = (x.values(Float.self), try context.new(Float.self, x.shape))
    var work = context.watch.work
    for row in 0..<from.count / max(1, columns) {
      let all = row * columns..<(row + 1) * columns
      var measure: Float = kind == .max ? -.infinity : 0
      try work.pieces(all) { piece in
        for index in piece {
          let value = from[index]
          switch kind {
          case .max: measure = Swift.max(measure, value)
          case .sum: measure += abs(value)
          case .length: measure += value * value
          }
        }
      }
      if kind == .length { measure = measure.squareRoot() }
      try work.pieces(all) { piece in
        for index in piece { to[index] = measure == 0 ? from[index] : from[index] / measure }
      }
    }
    return .tensors(to.tensor)
  }
}

/// Values that stand for missing ones are replaced.
struct Imputer: GraphOperator {
  let floats: [Float]?
  let ints: [Int64]?
  let missingFloat: Float
  let missingInt: Int64

  static let entries: [OperatorEntry] = [
    .ml("Imputer") { node, _ in
      Imputer(
        floats: try node.floats("imputed_value_floats"),
        ints: try node.ints("imputed_value_int64s"),
        missingFloat: try node.float("replaced_value_float", default: 0),
        missingInt: try node.int("replaced_value_int64", default: 0))
    }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let columns = x.shape.last ?? 1
    if x.elementType == .int64, let ints, [1, columns].contains(ints.count) {
      let from = x.values(Int64.self)
      return .tensors(
        try context.tensor(.int64, x.shape) { index in
          let isMissing = from[index] == missingInt
          return isMissing ? ints[ints.count == 1 ? 0 : index % columns] : from[index]
        })
    }
    guard let floats, [1, columns].contains(floats.count) else {
      throw GraphError("the values to set in do not fit \(columns) features")
    }
    let from = try x.converted(to: .float, context).values(Float.self)
    let whole = try context.tensor(.float, x.shape) { index -> Float in
      let value = from[index]
      let isMissing = value == missingFloat || value.isNaN && missingFloat.isNaN
      return isMissing ? floats[floats.count == 1 ? 0 : index % columns] : value
    }
    return .tensors(try whole.converted(to: x.elementType, context))
  }
}

/// 1 where a number is over a threshold, else 0.
struct Binarizer: GraphOperator {
  let threshold: Float

  static let entries: [OperatorEntry] = [
    .ml("Binarizer") { node, _ in Binarizer(threshold: try node.float("threshold", default: 0)) }
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [GraphFact(inputs[0].type, inputs[0].shape)]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    let sides = try context.map(x.converted(to: .float, context), Float.self) {
      $0 > threshold ? Float(1) : 0
    }
    return .tensors(try sides.converted(to: x.elementType, context))
  }
}

/// Several tables of features as one, side by side.
struct FeatureVectorizer: GraphOperator {
  static let entries: [OperatorEntry] = [.ml("FeatureVectorizer") { _, _ in FeatureVectorizer() }]

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let tables = try inputs.values.indices.map { index -> GraphTensor in
      let x = try inputs.tensor(index).converted(to: .float, context)
      return x.rank == 1 ? GraphTensor(x, shape: [x.count, 1]) : x
    }
    guard tables.allSatisfy({ $0.rank == 2 }) else { throw GraphError("features are no table") }
    return .tensors(try Concat.joined(tables, axis: 1, context))
  }
}

/// Columns of a table.
struct ArrayFeatureExtractor: GraphOperator {
  static let entries: [OperatorEntry] = [
    .ml("ArrayFeatureExtractor") { _, _ in ArrayFeatureExtractor() }
  ]

  var takesHalf: Bool { true }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let (x, places) = (try inputs.tensor(0), try inputs.tensor(1))
    let rows = x.rank == 1 ? GraphTensor(x, shape: [1, x.count]) : x
    let flat = GraphTensor(places, shape: [places.count])
    return try Gather(axis: -1).compute(GraphInputs([.tensor(rows), .tensor(flat)]), context)
  }
}
