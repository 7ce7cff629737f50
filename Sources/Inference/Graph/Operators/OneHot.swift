internal import Models

/// For each index a row with one value on and all others off.
struct OneHot: GraphOperator {
  let axis: Int

  static let entries = [
    OperatorEntry("OneHot") { node, _ in
      OneHot(axis: Int(clamping: try node.int("axis", default: -1)))
    }
  ]

  var takesHalf: Bool { true }

  func infer(_ inputs: GraphFacts) throws -> [GraphFact] { [GraphFact(inputs[2].type)] }

  func compute(_ inputs: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let (indices, values) = (try inputs.tensor(0), try inputs.tensor(2))
    let given = try inputs.tensor(1).converted(to: .int64, context)
    guard given.count == 1, values.count == 2 else {
      throw GraphError("depth must be one number, and values two")
    }
    let depth = Int(given.values(Int64.self)[0])
    let axis = try Axes.normalized(axis, rank: indices.rank + 1)
    var shape = indices.shape
    shape.insert(depth, at: axis)
    let inner = indices.shape[axis...].product
    let numbers = try indices.converted(to: .int64, context).values(Int64.self)
    func all(_ value: Int, _ shape: [Int]) throws -> GraphTensor {
      let strides = Array(repeating: 0, count: shape.count)
      return try StridedView(values, shape: shape, strides: strides, offset: value).copied(context)
    }
    return .tensors(
      try all(0, shape).scattered(all(1, indices.shape), .none, context) { index in
        let number = Int(numbers[index])
        guard number >= -depth, number < depth else { return nil }
        let row = index / inner * depth + (number < 0 ? number + depth : number)
        return row * inner + index % inner
      })
  }
}
