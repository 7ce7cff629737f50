internal import Models

/// Which numbers are none, or have no end.
struct FloatTest: GraphOperator {
  let isNaN: Bool
  var positive = true
  var negative = true

  static let entries: [OperatorEntry] = [
    OperatorEntry("IsNaN") { _, _ in FloatTest(isNaN: true) },
    OperatorEntry("IsInf", versions: 10...28) { node, _ in
      FloatTest(
        isNaN: false, positive: try node.flag("detect_positive", default: true),
        negative: try node.flag("detect_negative", default: true))
    },
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] { [GraphFact(.bool, inputs[0].shape)] }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    return .tensors(
      try context.map(x.converted(to: .double, context), Double.self, as: .bool) { value in
        let isInfinite = value == .infinity && positive || value == -.infinity && negative
        return (isNaN ? value.isNaN : isInfinite) ? UInt8(1) : 0
      })
  }
}
