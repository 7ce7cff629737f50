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
    let given = try inputs.tensor(1).converted(to: .int64, context.budget)
    guard given.count == 1, values.count == 2 else {
      throw GraphError("depth must be one number, and values two")
    }
    let depth = Int(given.values(Int64.self)[0])
    let axis = try Axes.normalized(axis, rank: indices.rank + 1)
    var shape = indices.shape
    shape.insert(depth, at: axis)
    let count = try GraphTensor.count(shape, limit: context.budget.elementLimit)
    let inner = indices.shape[axis...].product
    let numbers = try indices.converted(to: .int64, context.budget).values(Int64.self)
    var places = [Int](repeating: 0, count: count)
    for index in 0..<numbers.count {
      let number = Int(numbers[index])
      guard number >= -depth, number < depth else { continue }
      let at = (index / inner * depth + (number < 0 ? number + depth : number)) * inner
      places[at + index % inner] = 1
    }
    return .tensors(try values.picked(places, shape: shape, context.budget))
  }
}
