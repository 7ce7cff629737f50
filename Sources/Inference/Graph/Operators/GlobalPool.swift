internal import Models

/// One number for each channel, over all places: the same as a reduction of the spatial dimensions.
struct GlobalPool: GraphOperator {
  let kind: Reduce.Kind
  /// nil: not a length.
  let order: Int?

  static let entries: [OperatorEntry] = [
    OperatorEntry("GlobalAveragePool") { _, _ in GlobalPool(kind: .mean, order: nil) },
    OperatorEntry("GlobalMaxPool") { _, _ in GlobalPool(kind: .max, order: nil) },
    OperatorEntry("GlobalLpPool") { node, _ in
      let order = try node.int("p", default: 2)
      guard order == 1 || order == 2 else { throw node.problem(.unsupported, "p is \(order)") }
      return GlobalPool(kind: order == 1 ? .l1 : .l2, order: Int(order))
    },
  ]

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] {
    [
      GraphFact(
        inputs[0].type,
        inputs[0].shape.map {
          $0.prefix(2) + Array(repeating: .fixed(1), count: max(0, $0.count - 2))
        })
    ]
  }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let x = try inputs.tensor(0)
    guard x.rank > 2 else { throw GraphError("\(x.rank) dimensions have no places") }
    let reduce = Reduce(
      kind: kind, axes: Array(2..<x.rank), keepsDimensions: true, passesWithoutAxes: false)
    return try reduce.compute(GraphInputs([.tensor(x)]), context)
  }
}
