internal import Inference
internal import Models

/// Whether values are what they should be: `|a - b| ≤ absolute + relative·|b|`, as the suite asks.
struct Comparison {
  let relative: Double
  let absolute: Double
  let budget: MemoryBudget

  func check(_ found: GraphValue, _ wanted: GraphValue, _ title: String) throws {
    switch (found, wanted) {
    case (.tensor(let found), .tensor(let wanted)): try check(found, wanted, title)
    case (.sequence(let found), .sequence(let wanted)):
      guard found.count == wanted.count else {
        throw GraphError("\(title): \(found.count) values, expected \(wanted.count)")
      }
      for index in found.indices { try check(found[index], wanted[index], "\(title):\(index)") }
    case (.map(let keys, let values), .map(let otherKeys, let otherValues)):
      try check(keys, otherKeys, title)
      try check(values, otherValues, title)
    case (.none, .none): break
    default: throw GraphError("\(title): another kind of value")
    }
  }

  private func check(_ found: GraphTensor, _ wanted: GraphTensor, _ title: String) throws {
    guard found.elementType == wanted.elementType, found.shape == wanted.shape else {
      throw GraphError(
        "\(title): \(found.elementType.name) \(found.shape), expected "
          + "\(wanted.elementType.name) \(wanted.shape)")
    }
    if found.elementType == .string {
      guard found.strings == wanted.strings else { throw GraphError("\(title): other texts") }
      return
    }
    let a = try found.converted(to: .double, budget).values(Double.self).array
    let b = try wanted.converted(to: .double, budget).values(Double.self).array
    var worst = (excess: 0.0, index: -1)
    for index in a.indices {
      let (x, y) = (a[index], b[index])
      if x == y || x.isNaN && y.isNaN { continue }
      let excess = abs(x - y) - absolute - relative * abs(y)
      if !(excess <= 0), worst.index < 0 || !(excess <= worst.excess) { worst = (excess, index) }
    }
    if worst.index >= 0 {
      throw GraphError(
        "\(title): \(a[worst.index]) at \(worst.index) of \(found.shape), expected "
          + "\(b[worst.index])")
    }
  }

  /// What was said before must be true.
  func check(_ fact: GraphFact, _ value: GraphValue) throws {
    guard case .tensor(let tensor) = value else { return }
    if let type = fact.type, type != tensor.elementType {
      throw GraphError("inferred \(type.name), computed \(tensor.elementType.name)")
    }
    guard let shape = fact.shape else { return }
    let fits =
      shape.count == tensor.rank
      && zip(shape, tensor.shape).allSatisfy {
        if case .fixed(let size) = $0 { size == $1 } else { true }
      }
    guard fits else { throw GraphError("inferred \(shape), computed \(tensor.shape)") }
  }
}
