package import Inference
package import Models

/// How near the answers of two models are to each other, as the cosine of the angle between them;
/// both are computed as a server would.
package struct OutputComparison {
  private let plans: [GraphPlan]
  private let context: GraphContext
  /// The worst of all outputs and samples so far.
  package private(set) var worst: Double = 1

  package init(_ one: ONNXModel, _ other: ONNXModel, _ context: GraphContext) throws {
    let fusions = context.processor.map { FusionOptions(processor: $0) }
    plans = try [one, other].map {
      try GraphPlan($0, budget: context.budget, fusions: fusions)
    }
    self.context = context
  }

  package mutating func add(_ inputs: [GraphValue]) throws {
    let answers = try plans.map { try $0.run(inputs, context) }
    for (one, other) in zip(answers[0], answers[1]) {
      guard case .tensor(let one) = one, case .tensor(let other) = other,
        one.elementType == .float, other.elementType == .float, one.count == other.count
      else { continue }
      worst = min(worst, Self.cosine(one.values(Float.self), other.values(Float.self)))
    }
  }

  private static func cosine(_ a: GraphValues<Float>, _ b: GraphValues<Float>) -> Double {
    var (product, squares) = (0.0, (0.0, 0.0))
    for index in 0..<a.count {
      let (x, y) = (Double(a[index]), Double(b[index]))
      product += x * y
      squares.0 += x * x
      squares.1 += y * y
    }
    // Where both are nothing they are the same.
    if squares.0 == 0, squares.1 == 0 { return 1 }
    let length = (squares.0 * squares.1).squareRoot()
    return length > 0 ? product / length : 0
  }
}
