package import Inference
package import Models

/// How near the answers of two models are to each other; both are computed as a server would.
/// Floats by the cosine of the angle between them; classes, choices and words by how many are the
/// same.
package struct OutputComparison {
  private let plans: [GraphPlan]
  private let context: GraphContext
  /// The worst cosine of all outputs of floats and samples so far; nil before there is one.
  package private(set) var cosine: Double?
  private var same = 0
  private var counted = 0

  package init(_ one: ONNXModel, _ other: ONNXModel, _ context: GraphContext) throws {
    let fusions = context.processor.map { FusionOptions(processor: $0) }
    plans = try [one, other].map {
      try GraphPlan($0, budget: context.budget, fusions: fusions)
    }
    self.context = context
  }

  /// Of all elements of outputs that are no floats, the share that are the same; nil before there
  /// is one.
  package var agreement: Double? { counted == 0 ? nil : Double(same) / Double(counted) }

  package mutating func add(_ inputs: [GraphValue]) throws {
    let answers = try plans.map { try $0.run(inputs, context) }
    for (one, other) in zip(answers[0], answers[1]) { try compare(one, other) }
  }

  private mutating func compare(_ one: GraphValue, _ other: GraphValue) throws {
    switch (one, other) {
    case (.tensor(let one), .tensor(let other)): try compare(one, other)
    case (.map(let keys, let values), .map(let otherKeys, let otherValues)):
      try compare(keys, otherKeys)
      try compare(values, otherValues)
    case (.sequence(let one), .sequence(let other)) where one.count == other.count:
      for (one, other) in zip(one, other) { try compare(one, other) }
    case (.none, .none): break
    default: counted += 1
    }
  }

  private mutating func compare(_ one: GraphTensor, _ other: GraphTensor) throws {
    let isFloat = one.elementType.isFloat
    guard one.elementType == other.elementType, one.count == other.count else {
      if isFloat { cosine = min(cosine ?? 1, 0) } else { counted += one.count }
      return
    }
    guard one.count > 0 else { return }
    if one.elementType == .string {
      counted += one.count
      same += zip(one.strings, other.strings).count { $0 == $1 }
      return
    }
    let (a, b) = (
      try one.converted(to: .double, context.budget).values(Double.self),
      try other.converted(to: .double, context.budget).values(Double.self)
    )
    if isFloat {
      cosine = min(cosine ?? 1, Self.cosine(a, b))
    } else {
      counted += a.count
      same += (0..<a.count).count { a[$0] == b[$0] }
    }
  }

  private static func cosine(_ a: GraphValues<Double>, _ b: GraphValues<Double>) -> Double {
    var (product, squares) = (0.0, (0.0, 0.0))
    for index in 0..<a.count {
      let (x, y) = (a[index], b[index])
      // The same infinity in both is no difference; in one alone nothing is like it.
      if !x.isFinite, x == y { continue }
      guard x.isFinite, y.isFinite else { return 0 }
      product += x * y
      squares.0 += x * x
      squares.1 += y * y
    }
    // Where both are nothing they are the same.
    if squares.0 == 0, squares.1 == 0 { return 1 }
    let length = squares.0.squareRoot() * squares.1.squareRoot()
    return length > 0 ? product / length : 0
  }
}
